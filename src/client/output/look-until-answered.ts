import type { Process } from "../../model/process.js";
import type { CallScope } from "../../retry/call-scope.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import type { RetryBudget } from "../../retry/retry-budget.js";
import { getCall } from "../get-process.js";
import type { Rpc } from "../rpc.js";

/** Looks at a process, as long as the outage that a follower may sit out. */
export async function lookUntilAnswered(
  rpc: Rpc,
  name: string,
  scope: CallScope,
  budget: RetryBudget,
  headers: HeadersInit | undefined,
): Promise<Process> {
  const call = getCall(name);
  for (;;) {
    const look = await rpc.attempt(call, scope, { headers });
    if (look.ok) {
      return look.value;
    }
    if (!mayRepeatRead(look.failure) || !(await rpc.pause(call, look, budget, scope))) {
      throw look.error;
    }
  }
}
