import { ConnectError } from "@connectrpc/connect";
import type { CallScope } from "../retry/call-scope.js";
import { mayHaveHadEffect, neverProcessed } from "../retry/repeatable.js";
import type { RetryBudget } from "../retry/retry-budget.js";
import type { CallOptions } from "./call-options.js";
import type { Rpc, RpcCall } from "./rpc.js";
import { callOf } from "./unary.js";

/** A call that must have its effect once, and a way to find out whether it had. */
export interface SettledCall<T> extends RpcCall<T> {
  /**
   * Looks at the resource after an attempt that may have had its effect.
   *
   * @returns the call's result if it had; undefined if it may be sent again.
   * @throws the error of the attempt if neither is so.
   */
  settle(attemptError: unknown, options: CallOptions): Promise<T | undefined>;
}

/**
 * Sends a request until it had its effect, once. As soon as one attempt may have had it, every
 * failed attempt is followed by a look: also one that is refused, since the first may have come
 * late.
 */
export async function settledCall<T>(
  rpc: Rpc,
  call: SettledCall<T>,
  options: CallOptions,
): Promise<T> {
  const subject = `${call.method} of ${call.resource}`;
  return await callOf(rpc, subject, options, (scope, budget) =>
    untilSettled(rpc, call, options, scope, budget),
  );
}

async function untilSettled<T>(
  rpc: Rpc,
  call: SettledCall<T>,
  { headers, timeoutMs }: CallOptions,
  scope: CallScope,
  budget: RetryBudget,
): Promise<T> {
  // The scope has every other limit.
  const once = timeoutMs === 0 ? timeoutMs : undefined;
  let unsettled = false;
  for (;;) {
    const attempt = await rpc.attempt(call, scope, { headers });
    if (attempt.ok) {
      return attempt.value;
    }
    const { error, failure } = attempt;
    unsettled ||= mayHaveHadEffect(failure);
    if (unsettled) {
      const result = await look(call, error, {
        signal: scope.signal,
        headers,
        timeoutMs: once,
      });
      if (result !== undefined) {
        return result;
      }
    }
    const mayRepeat = mayHaveHadEffect(failure) || neverProcessed(failure);
    if (!mayRepeat || !(await rpc.pause(call, attempt, budget, scope))) {
      throw error;
    }
  }
}

async function look<T>(
  call: SettledCall<T>,
  attemptError: unknown,
  options: CallOptions,
): Promise<T | undefined> {
  try {
    return await call.settle(attemptError, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error === attemptError) {
      throw error;
    }
    const { code, rawMessage } = ConnectError.from(attemptError);
    const subject = rawMessage.includes(call.resource)
      ? "it"
      : `${call.method} of ${call.resource}`;
    const message = `${rawMessage}; whether ${subject} had its effect is not known, since the process could not be looked at: ${ConnectError.from(error).rawMessage}`;
    throw new ConnectError(message, code, undefined, undefined, attemptError);
  }
}
