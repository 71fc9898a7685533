import type { CallOptions } from "../call/call-options.js";
import { getCall } from "../call/look.js";
import type { Caller } from "../call/run.js";
import type { FinishedProcess } from "../model/process.js";
import { checkPollOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { lookTime, waitWith } from "./wait-process.js";

/** Options of `waitProcessByPolling`. Its clocks are in seconds, as in H2O's Python client. */
export interface WaitProcessByPollingOptions extends Omit<CallOptions, "timeoutMs"> {
  /**
   * How long to wait, in seconds; null waits for ever, 0 looks once.
   * @default 300
   */
  readonly timeoutSeconds?: number | null | undefined;
  /**
   * The pause between two looks, in seconds.
   * @default 1
   */
  readonly pollIntervalSeconds?: number | undefined;
}

/**
 * See `ProcessClient.waitProcessByPolling`.
 *
 * @internal
 */
export async function waitProcessByPolling(
  caller: Caller,
  name: string,
  options: WaitProcessByPollingOptions,
): Promise<FinishedProcess> {
  requireProcessName("name", name);
  checkPollOptions(options);
  const { timeoutSeconds = 300, pollIntervalSeconds = 1, signal, headers } = options;
  const totalMs = timeoutSeconds === null ? Number.POSITIVE_INFINITY : timeoutSeconds * 1000;
  return await waitWith(caller, name, totalMs, { signal, headers }, () => ({
    ...getCall(name, headers),
    time: (remainingMs) => lookTime(caller, remainingMs),
    againAfterMs: () => pollIntervalSeconds * 1000,
  }));
}
