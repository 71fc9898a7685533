import { Code } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import { withLimit } from "../call/call-limit.js";
import type { CallOptions } from "../call/call-options.js";
import { getCall } from "../call/look.js";
import { mayHaveHadEffect } from "../call/patience.js";
import { type Call, type Caller, patienceOf, tracedAttempts } from "../call/run.js";
import { errorOf, type Failure, failed, messageOf, type Outcome } from "../errors/outcome.js";
import type { Process } from "../model/process.js";

/** A call that must have its effect once, and a way to find out whether it had. */
export interface SettledCall extends Omit<Call<Process>, "settle"> {
  /**
   * What the process tells after an attempt that may have had its effect.
   *
   * @param found undefined if there is none.
   * @returns a failure where what it tells cannot be true.
   */
  isDone(found: Process | undefined): "yes" | "send again" | "it is another" | Failure;
  /** What is still to be done after that, within the same limits. */
  next?(process: Process): SettledCall | undefined;
}

/**
 * Sends a request until it had its effect, once. As soon as one attempt may have had it, every
 * failed attempt is followed by a look at the process: also one that is refused, since the first may
 * have come late.
 */
export async function settledCall(
  caller: Caller,
  call: SettledCall,
  options: CallOptions,
): Promise<Process> {
  let current = call;
  const outcome = await withLimit(
    caller.life,
    `${call.method.name} of ${call.resource}`,
    options,
    async (limit) => {
      for (;;) {
        const done = await settled(caller, current, limit);
        const next = done.ok ? current.next?.(done.value) : undefined;
        if (!next) {
          return done;
        }
        current = next;
      }
    },
  );
  if (!outcome.ok) {
    const { failure } = outcome;
    const told =
      current === call
        ? failure
        : { ...failure, message: `${failure.message}; ${current.resource} was created before` };
    throw errorOf(told, current.method.name, current.resource);
  }
  return outcome.value;
}

function settled(caller: Caller, call: SettledCall, limit: Limit): Promise<Outcome<Process>> {
  let isUnsettled = false;
  const settle = async (failure: Failure) => {
    isUnsettled ||= mayHaveHadEffect(failure);
    return isUnsettled ? await lookAfter(failure, caller, call, limit) : undefined;
  };
  return tracedAttempts(caller, { ...call, settle }, limit, patienceOf(caller, limit));
}

async function lookAfter(
  failure: Failure,
  caller: Caller,
  call: SettledCall,
  limit: Limit,
): Promise<Outcome<Process> | undefined> {
  const { resource, headers } = call;
  const patience = patienceOf(caller, limit);
  const look = await tracedAttempts(caller, getCall(resource, headers), limit, patience);
  if (!look.ok && look.failure.code !== Code.NotFound) {
    return failed(unknownEffect(failure, look.failure, call));
  }
  const found = look.ok ? look.value : undefined;
  const isDone = call.isDone(found);
  switch (isDone) {
    case "yes":
      return look;
    case "send again":
      return undefined;
    case "it is another":
      return failed(failure);
    default:
      return failed(isDone);
  }
}

function unknownEffect(
  failure: Failure,
  look: Failure,
  { method, resource }: SettledCall,
): Failure {
  const message = messageOf(failure, method.name, resource);
  const subject = message.includes(resource) ? "it" : `${method.name} of ${resource}`;
  return {
    kind: "status",
    code: failure.code,
    message: `${message}; whether ${subject} had its effect is not known, since the process could not be looked at: ${messageOf(look, "GetProcess", resource)}`,
    cause: errorOf(failure, method.name, resource),
  };
}
