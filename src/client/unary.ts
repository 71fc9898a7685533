import type { Failure } from "../errors/failure.js";
import { CallScope } from "../retry/call-scope.js";
import { mayRepeatRead } from "../retry/repeatable.js";
import { RetryBudget } from "../retry/retry-budget.js";
import { retryPolicy } from "../retry/retry-options.js";
import type { CallOptions } from "./call-options.js";
import type { Attempt, Rpc, RpcCall } from "./rpc.js";

/** The life of a call: it ends with the caller's signal, its time, or the client. */
export function callScope(rpc: Rpc, subject: string, options: CallOptions): CallScope {
  const { signal, timeoutMs } = options;
  return new CallScope(subject, { signals: [rpc.closed, signal], timeoutMs });
}

/**
 * Runs a call that consists of attempts, and tells an abort by the signal's own
 * reason. With a limit of zero there is one attempt, which gets the time of an attempt.
 */
export async function callOf<T>(
  rpc: Rpc,
  subject: string,
  options: CallOptions,
  run: (scope: CallScope, budget: RetryBudget) => Promise<T>,
): Promise<T> {
  const once = options.timeoutMs === 0;
  const policy = once ? retryPolicy(false) : rpc.settings.policy;
  const scope = callScope(rpc, subject, once ? { ...options, timeoutMs: undefined } : options);
  try {
    return await run(scope, new RetryBudget(policy, "attempts"));
  } finally {
    scope.release();
  }
}

/**
 * Sends a request, and again after failures that allow it.
 *
 * @param mayRepeat which failures these are; by default, those of a call that changes nothing.
 */
export async function unary<T>(
  rpc: Rpc,
  call: RpcCall<T>,
  options: CallOptions,
  mayRepeat?: (failure: Failure) => boolean,
): Promise<T> {
  const attempt = await lastAttempt(rpc, call, options, mayRepeat);
  if (!attempt.ok) {
    throw attempt.error;
  }
  return attempt.value;
}

/** As `unary`, for those who need to know what the last attempt failed with. */
export async function lastAttempt<T>(
  rpc: Rpc,
  call: RpcCall<T>,
  options: CallOptions,
  mayRepeat: (failure: Failure) => boolean = mayRepeatRead,
): Promise<Attempt<T>> {
  return await callOf(rpc, `${call.method} of ${call.resource}`, options, async (scope, budget) => {
    for (;;) {
      const attempt = await rpc.attempt(call, scope, { headers: options.headers });
      if (attempt.ok || !mayRepeat(attempt.failure)) {
        return attempt;
      }
      if (!(await rpc.pause(call, attempt, budget, scope))) {
        return attempt;
      }
    }
  });
}
