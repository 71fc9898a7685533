import { onAbort } from "./abort-listeners.js";

/**
 * Waits for one event: resolves when `subscribe`'s callback is called, rejects with the signal's
 * reason as soon as it aborts. Either way nothing stays subscribed.
 *
 * @param subscribe starts waiting, and returns a function that stops it.
 */
export function waitFor(
  subscribe: (resolve: () => void) => () => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const stopListening = onAbort(signal, () => {
      unsubscribe();
      reject(signal.reason);
    });
    const unsubscribe = subscribe(() => {
      stopListening();
      resolve();
    });
  });
}

/**
 * Waits for what goes on by itself: settles as `promise` does, or rejects with the signal's reason
 * as soon as it aborts. `promise` may reject after that.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stopListening);
  });
}
