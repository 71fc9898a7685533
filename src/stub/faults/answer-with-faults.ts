import type { StruckCall } from "./struck-call.js";

/** A unary call that faults are for. It is handled when none strikes before. */
export async function answerWithFaults<T>(call: StruckCall, handle: () => Promise<T>): Promise<T> {
  await call.at("before");
  // An error is an answer, too, and can be lost as well.
  const [answer] = await Promise.allSettled([handle()]);
  if (!call.context.signal.aborted) await call.at("after");
  if (answer.status === "rejected") throw answer.reason;
  return answer.value;
}
