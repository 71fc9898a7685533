import { WaitTimeoutError } from "../../errors/wait-timeout-error.js";
import { type FinishedProcess, isFinished, type Process } from "../../model/process.js";
import type { CallScope } from "../../retry/call-scope.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import { getCall } from "../get-process.js";
import type { Rpc } from "../rpc.js";

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
  const attempt = await rpc.attempt(getCall(name), scope, { headers });
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
