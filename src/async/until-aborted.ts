import { onAbort } from "./abort-listeners.js";

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
