import type { Clock } from "../clock.js";

/** Resolves when the promise is settled, however it is, and at the latest after `ms`. */
export function settledWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(ms, resolve);
    const settle = () => {
      cancel();
      resolve();
    };
    promise.then(settle, settle);
  });
}
