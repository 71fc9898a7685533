import { sleep } from "../../async/sleep.js";
import { type FinishedProcess, isFinished } from "../../model/process.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import { RetryBudget } from "../../retry/retry-budget.js";
import type { CallOptions } from "../call-options.js";
import { getCall } from "../get-process.js";
import { requireCallOptions } from "../input/call.js";
import { requireProcessName } from "../input/names.js";
import type { Rpc } from "../rpc.js";
import { callScope } from "../unary.js";
import { lastLook, lookTimeoutMs } from "./last-look.js";
import { waitCall, waitSlice } from "./wait-slice.js";

const SLICE_MS = 30_000;
// Waits that began together must not all ask again together.
const SLICE_SPREAD = 0.2;
// A server that ends a wait early, again and again, must not be asked in a tight loop.
const SHORTEST_ROUND_MS = 1_000;

/** See `ProcessClient.waitProcess`. */
export async function waitProcess(
  rpc: Rpc,
  name: string,
  options: CallOptions,
): Promise<FinishedProcess> {
  requireProcessName("name", name);
  requireCallOptions(options);
  const { timeoutMs = Number.POSITIVE_INFINITY, signal, headers } = options;
  const end = performance.now() + timeoutMs;
  const remainingMs = () => Math.max(0, end - performance.now());
  // The limit is checked between two slices, and one more look follows it: the scope has no clock.
  const scope = callScope(rpc, `waiting for ${name}`, { signal });
  const budget = new RetryBudget(rpc.settings.policy, "outage");
  const call = waitCall(name);
  try {
    while (remainingMs() > 0) {
      const began = performance.now();
      const slice = await waitSlice(rpc, call, scope, {
        sliceMs: Math.min(sliceMs(), remainingMs()),
        remainingMs,
        headers,
      });
      let delayMs: number;
      if (slice.ok) {
        if (slice.value && isFinished(slice.value)) {
          return slice.value;
        }
        budget.progress();
        delayMs = Math.max(0, began + SHORTEST_ROUND_MS - performance.now());
      } else {
        // Proxies cut a quiet call as a matter of routine. Once the server has answered that is over,
        // and no part of an outage that began with it.
        const held =
          performance.now() - began > rpc.settings.policy.maxDelayMs && remainingMs() > 0;
        if (held) {
          const limitMs = lookTimeoutMs(rpc, remainingMs());
          const look = await rpc.attempt(getCall(name), scope, { headers, timeoutMs: limitMs });
          if (look.ok) {
            if (isFinished(look.value)) {
              return look.value;
            }
            budget.progress();
          }
        }
        if (!mayRepeatRead(slice.failure)) {
          throw slice.error;
        }
        delayMs = rpc.delayOrThrow(call, slice, budget);
      }
      await sleep(Math.min(delayMs, remainingMs()), scope.signal);
    }
    return await lastLook(rpc, name, scope, { headers, timeoutMs });
  } finally {
    scope.release();
  }
}

function sliceMs(): number {
  return SLICE_MS * (1 + SLICE_SPREAD * (2 * Math.random() - 1));
}
