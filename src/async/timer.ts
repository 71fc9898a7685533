// Node fires a timer with a larger delay at once (2^31 - 1 ms, about 24.8 days).
const MAX_DELAY_MS = 2_147_483_647;

/**
 * Calls `callback` once after `delayMs`, however long that is.
 *
 * @param idle whether the program may end before, if nothing else keeps it alive.
 * @returns a function that stops the timer.
 */
export function startTimer(delayMs: number, callback: () => void, idle = false): () => void {
  if (delayMs <= MAX_DELAY_MS) {
    // Node cuts off fractions, and would be early by them.
    const timer = setTimeout(callback, Math.ceil(delayMs));
    if (idle) {
      timer.unref();
    }
    return () => clearTimeout(timer);
  }
  const due = performance.now() + delayMs;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = due - performance.now();
    timer = setTimeout(
      () => (left > MAX_DELAY_MS ? arm() : callback()),
      Math.min(Math.max(Math.ceil(left), 0), MAX_DELAY_MS),
    );
    if (idle) {
      timer.unref();
    }
  };
  arm();
  return () => clearTimeout(timer);
}
