import { reasonOf } from "./refusals.js";

/**
 * Waits until all are settled, and only then throws what went wrong: nothing goes on behind the
 * caller's back.
 * @throws the only failure, or an AggregateError that says what each of several said.
 */
export async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const failures: unknown[] = [];
  for (const outcome of await Promise.allSettled(promises)) {
    if (outcome.status === "rejected") failures.push(outcome.reason);
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(reasonOf).join("; "));
}
