import { Code, ConnectError } from "@connectrpc/connect";
import { Limit, sleep } from "../../async/limit.js";
import { readDelay } from "../../transport/delay.js";

// Few and short: the calls that wait for a token have retries of their own.
const MOST_ATTEMPTS = 3;
const BASE_DELAY_MS = 200;
const MOST_ASKED_MS = 10_000;

/**
 * Repeats an attempt that fails as Unavailable: three attempts with short pauses. A `Retry-After`
 * of up to ten seconds is obeyed; a longer one fails at once.
 */
export async function untilAnswered<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const limit = new Limit({ signal });
  try {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt(signal);
      } catch (error) {
        limit.throwIfEnded();
        const delayMs = mayPass(error) ? pauseMs(error.metadata, failures) : undefined;
        if (delayMs === undefined) {
          throw error;
        }
        await sleep(delayMs, limit);
        limit.throwIfEnded();
      }
    }
  } finally {
    limit.release();
  }
}

function pauseMs(metadata: Headers, failures: number): number | undefined {
  const asked = readDelay(metadata);
  if (failures >= MOST_ATTEMPTS || asked === "never" || (asked && asked.ms > MOST_ASKED_MS)) {
    return undefined;
  }
  // A server that asks for none, or for a time that has passed, is not asked without a pause.
  return Math.max(asked?.ms ?? 0, Math.random() * BASE_DELAY_MS * 2 ** (failures - 1));
}

function mayPass(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.code === Code.Unavailable;
}
