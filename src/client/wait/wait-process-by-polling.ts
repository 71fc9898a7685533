import { sleep } from "../../async/sleep.js";
import { requireObject } from "../../errors/require-kind.js";
import { type FinishedProcess, isFinished, type Process } from "../../model/process.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import { RetryBudget } from "../../retry/retry-budget.js";
import type { CallOptions } from "../call-options.js";
import { getCall } from "../get-process.js";
import { requireCallOptions } from "../input/call.js";
import { requireProcessName } from "../input/names.js";
import { requireDuration } from "../input/numbers.js";
import type { Rpc } from "../rpc.js";
import { callScope } from "../unary.js";
import { lastLook, lookTimeoutMs } from "./last-look.js";

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

/** See `ProcessClient.waitProcessByPolling`. */
export async function waitProcessByPolling(
  rpc: Rpc,
  name: string,
  options: WaitProcessByPollingOptions,
): Promise<FinishedProcess> {
  requireObject("options", options);
  const { timeoutSeconds = 300, pollIntervalSeconds = 1, signal, headers } = options;
  requireProcessName("name", name);
  requireCallOptions({ signal, headers });
  requireDuration("timeoutSeconds", timeoutSeconds ?? undefined);
  requireDuration("pollIntervalSeconds", pollIntervalSeconds);
  const totalMs = timeoutSeconds === null ? Number.POSITIVE_INFINITY : timeoutSeconds * 1000;
  const end = performance.now() + totalMs;
  const remainingMs = () => Math.max(0, end - performance.now());
  // The limit is checked between two looks, and never cuts one short: the scope has no clock.
  const scope = callScope(rpc, `waiting for ${name}`, { signal });
  const budget = new RetryBudget(rpc.settings.policy, "outage");
  const call = getCall(name);
  let seen: Process | undefined;
  try {
    while (remainingMs() > 0) {
      const timeoutMs = lookTimeoutMs(rpc, remainingMs());
      const look = await rpc.attempt(call, scope, { headers, timeoutMs });
      let delayMs = pollIntervalSeconds * 1000;
      if (look.ok) {
        seen = look.value;
        if (isFinished(seen)) {
          return seen;
        }
        budget.progress();
      } else {
        if (!mayRepeatRead(look.failure)) {
          throw look.error;
        }
        delayMs = rpc.delayOrThrow(call, look, budget);
      }
      await sleep(Math.min(delayMs, remainingMs()), scope.signal);
    }
    return await lastLook(rpc, name, scope, { headers, timeoutMs: totalMs, seen });
  } finally {
    scope.release();
  }
}
