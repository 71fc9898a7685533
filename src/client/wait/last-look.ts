import { WaitTimeoutError } from "../../errors/wait-timeout-error.js";
import { type FinishedProcess, isFinished, type Process } from "../../model/process.js";
import type { CallScope } from "../../retry/call-scope.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import { getCall } from "../get-process.js";
import type { Rpc } from "../rpc.js";

/** What a look gets at least, in milliseconds: one at the end of a wait must be answerable. */
export const LEAST_LOOK_MS = 2_000;

/** How long a look may take whose wait has so much time left. */
export function lookTimeoutMs(rpc: Rpc, remainingMs: number): number {
  return Math.min(rpc.settings.attemptTimeoutMs, Math.max(remainingMs, LEAST_LOOK_MS));
}

/**
 * Looks at the process once more when the time of a wait is over.
 *
 * @param seen the process when it was last seen.
 * @throws WaitTimeoutError if it is not final, or the server cannot be reached.
 */
export async function lastLook(
  rpc: Rpc,
  name: string,
  scope: CallScope,
  options: {
    readonly headers: HeadersInit | undefined;
    readonly timeoutMs: number;
    readonly seen?: Process | undefined;
  },
): Promise<FinishedProcess> {
  const { headers, timeoutMs, seen } = options;
  // With a limit of zero this is the only look; otherwise the time is over.
  const limitMs = timeoutMs === 0 ? undefined : lookTimeoutMs(rpc, 0);
  const attempt = await rpc.attempt(getCall(name), scope, { headers, timeoutMs: limitMs });
  if (!attempt.ok) {
    if (!mayRepeatRead(attempt.failure)) {
      throw attempt.error;
    }
    throw new WaitTimeoutError(name, seen, timeoutMs, { cause: attempt.error });
  }
  if (!isFinished(attempt.value)) {
    throw new WaitTimeoutError(name, attempt.value, timeoutMs);
  }
  return attempt.value;
}
