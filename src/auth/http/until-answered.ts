import { Code, ConnectError } from "@connectrpc/connect";
import { sleep } from "../../async/sleep.js";
import { readPushback } from "../../errors/pushback.js";
import { RetryBudget } from "../../retry/retry-budget.js";

// Few and short: the calls that wait for a token have retries of their own.
const POLICY = { maxAttempts: 3, baseDelayMs: 200, maxDelayMs: 2_000, maxOutageMs: 10_000 };

/**
 * Repeats an attempt that fails as Unavailable: three attempts with short pauses. A `Retry-After`
 * of up to ten seconds is obeyed; a longer one fails at once.
 */
export async function untilAnswered<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const budget = new RetryBudget(POLICY, "attempts");
  for (;;) {
    try {
      return await attempt(signal);
    } catch (error) {
      signal.throwIfAborted();
      const delayMs = mayPass(error)
        ? budget.nextDelayMs({ kind: "unavailable", pushback: readPushback(error.metadata) })
        : undefined;
      if (delayMs === undefined) {
        throw error;
      }
      await sleep(delayMs, signal);
    }
  }
}

function mayPass(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.code === Code.Unavailable;
}
