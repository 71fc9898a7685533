// @ts-check
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Holds a reader back to a rate.
 *
 * @param {number} bytesPerSecond Infinity to hold nothing back
 * @returns a function that is told how much was read so far, and takes its time
 */
export function pace(bytesPerSecond) {
  const start = performance.now();
  return async (/** @type {number} */ bytes) => {
    const aheadMs = start + (bytes / bytesPerSecond) * 1000 - performance.now();
    if (aheadMs >= 1) {
      await delay(aheadMs);
    }
  };
}
