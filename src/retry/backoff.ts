import type { RetryPolicy } from "./retry-options.js";

/**
 * The pause before another attempt, in milliseconds: full jitter over an interval that doubles with
 * each failure, so that clients that failed together do not come back together.
 *
 * @param failures how many attempts have failed in a row, from 1 up.
 * @param random from 0 up to, not including, 1.
 */
export function backoffMs(
  { baseDelayMs, maxDelayMs }: RetryPolicy,
  failures: number,
  random = Math.random(),
): number {
  return random * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}
