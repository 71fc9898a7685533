import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Limit } from "../async/limit.js";
import { processOf } from "../call/answer.js";
import type { CallOptions } from "../call/call-options.js";
import { getCall, lookOnce, PROBE_TIMEOUT_MS, probe } from "../call/look.js";
import { mayRepeatRead, Patience } from "../call/patience.js";
import { type AttemptTime, attempt, attempts, type Call, type Caller } from "../call/run.js";
import { traced } from "../call/traced.js";
import { errorOf, type Outcome } from "../errors/outcome.js";
import { WaitTimeoutError } from "../errors/wait-timeout-error.js";
import { type FinishedProcess, isFinished, type Process } from "../model/process.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";

const METHOD = ProcessService.method.waitProcess;

/** What a look gets at least, in milliseconds: one at the end of a wait must be answerable. */
export const LEAST_LOOK_MS = 2_000;

const SLICE_MS = 30_000;
// Waits that began together must not all ask again together.
const SLICE_SPREAD = 0.2;
// A server that ends a wait early, again and again, must not be asked in a tight loop.
const SHORTEST_ROUND_MS = 1_000;
// A local deadline resets the HTTP/2 stream, and about 1,000 resets in quick succession end the
// session with everything on it. So the server ends a slice, and we only if it does not.
const SERVER_GRACE_MS = 5_000;
// At the end of the whole wait the caller's limit matters more than one reset.
const LAST_GRACE_MS = 500;
// What tells a server's end of a slice from a deadline that has nothing to do with it: the clocks
// of both sides need not agree.
const LEAST_SHARE = 0.9;

/** See `ProcessClient.waitProcess`. */
export async function waitProcess(
  caller: Caller,
  name: string,
  options: CallOptions,
): Promise<FinishedProcess> {
  requireProcessName("name", name);
  checkCallOptions(options);
  const { timeoutMs = Number.POSITIVE_INFINITY, signal, headers } = options;
  return await waitWith(caller, name, timeoutMs, { signal, headers }, (limit) => {
    let serverMs = 0;
    return {
      method: METHOD,
      resource: name,
      headers,
      long: true,
      time: (remainingMs) => {
        serverMs = Math.min(sliceMs(), remainingMs);
        return {
          serverMs,
          localMs: Math.min(serverMs + SERVER_GRACE_MS, remainingMs + LAST_GRACE_MS),
        };
      },
      send: async (wire, sending) => {
        const began = performance.now();
        const outcome = processOf(await wire.unary(METHOD, { name }, sending), name);
        if (outcome.ok || limit.isEnded) {
          return outcome;
        }
        if (sending.limit.isEnded) {
          // The wait ends with a look, which had better not go over a connection that may be dead.
          if (limit.remainingMs() < PROBE_TIMEOUT_MS) {
            sending.evidence.connection?.avoid();
            return NOT_YET;
          }
          // A server or a proxy that does not know the header says nothing, or has a shorter limit
          // of its own. A dead connection says nothing either.
          const { look } = await probe(caller, name, sending.evidence, limit, headers);
          return look;
        }
        const isSliceOver =
          outcome.failure.kind === "deadline" &&
          performance.now() - began >= serverMs * LEAST_SHARE;
        return isSliceOver ? NOT_YET : outcome;
      },
      // Proxies cut a quiet call as a matter of routine. Once the server has answered that is over,
      // and no part of an outage that began with it.
      hasHeld: (tookMs) => tookMs > caller.policy.maxDelayMs,
      againAfterMs: (tookMs) => Math.max(0, SHORTEST_ROUND_MS - tookMs),
    };
  });
}

function sliceMs(): number {
  return SLICE_MS * (1 + SLICE_SPREAD * (2 * Math.random() - 1));
}

/** The end of a slice: the process was not final then. */
const NOT_YET: Outcome<undefined> = { ok: true, value: undefined };

/** How a wait asks, and how often. A process that is undefined was not final. */
export interface Asking
  extends Pick<Call<Process | undefined>, "method" | "resource" | "headers" | "long" | "time"> {
  send: Call<Process | undefined>["send"];
  /** Whether a failed attempt lived so long that it was healthy until it broke. */
  hasHeld?(tookMs: number): boolean;
  againAfterMs(tookMs: number): number;
}

/**
 * Waits until a process is final, by asking again and again. The limit is looked at between two
 * attempts, one more look follows it, and it never cuts one short.
 *
 * @throws WaitTimeoutError if the process is not final then.
 */
export async function waitWith(
  caller: Caller,
  name: string,
  timeoutMs: number,
  { signal, headers }: Pick<CallOptions, "signal" | "headers">,
  asking: (limit: Limit) => Asking,
): Promise<FinishedProcess> {
  const limit = caller.life.within({ signal, ms: timeoutMs, soft: true });
  const patience = new Patience(caller.policy, "outage");
  const { hasHeld, againAfterMs, ...call } = asking(limit);
  let seen: Process | undefined;
  let late: { readonly cause?: unknown } | undefined;
  const look = getCall(name, headers);
  // A look is an attempt of a wait that does nothing else, and a call of its own in any other.
  const lookWithin = (time: AttemptTime, { method, traced }: Call<unknown>) =>
    method === look.method
      ? attempt(caller, { ...look, traced }, limit, { time })
      : lookOnce(caller, look, limit, { time });
  const waiting = (of: Call<Process | undefined>): Call<Process | undefined> => ({
    ...of,
    againAfterMs: (process, tookMs) => {
      seen = process ?? seen;
      return process && isFinished(process) ? undefined : againAfterMs(tookMs);
    },
    settle: async ({ kind, protocol }, tookMs) => {
      const isHeld = kind !== "refused" && protocol !== "silent" && hasHeld?.(tookMs);
      if (!isHeld || limit.remainingMs() === 0) {
        return undefined;
      }
      const time = lookTime(caller, limit.remainingMs());
      const { outcome } = await lookWithin(time, of);
      if (outcome.ok) {
        seen = outcome.value;
        patience.progress();
      }
      return outcome.ok && isFinished(outcome.value) ? outcome : undefined;
    },
    lastLook: async () => {
      // With a limit of zero this is the only look; otherwise the time is over.
      const time = timeoutMs === 0 ? onlyLookTime(caller) : lookTime(caller, 0);
      const { outcome } = await lookWithin(time, of);
      if (!outcome.ok && !mayRepeatRead(outcome.failure)) {
        return outcome;
      }
      late = outcome.ok ? {} : { cause: errorOf(outcome.failure, "GetProcess", name) };
      seen = outcome.ok ? outcome.value : seen;
      return outcome.ok ? outcome : NOT_YET;
    },
  });
  try {
    const outcome = await traced(caller, call, limit, async (of) => {
      const outcome = await attempts(caller, waiting(of), limit, patience);
      return outcome.ok ? { ok: true, value: finished(outcome.value) } : outcome;
    });
    if (!outcome.ok) {
      throw errorOf(outcome.failure, call.method.name, name);
    }
    return outcome.value;
  } finally {
    limit.release();
  }

  function finished(process: Process | undefined): FinishedProcess {
    if (!process || !isFinished(process)) {
      throw new WaitTimeoutError(name, seen, timeoutMs, late);
    }
    return process;
  }
}

/** How long a look may take whose wait has so much time left. */
export function lookTime({ attemptTimeoutMs }: Caller, remainingMs: number) {
  const ms = Math.min(attemptTimeoutMs, Math.max(remainingMs, LEAST_LOOK_MS));
  return { serverMs: ms, localMs: ms };
}

function onlyLookTime({ attemptTimeoutMs }: Caller) {
  return { serverMs: attemptTimeoutMs, localMs: attemptTimeoutMs };
}
