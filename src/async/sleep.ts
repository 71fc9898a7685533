import { startTimer } from "./timer.js";
import { waitFor } from "./wait-for.js";

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  return waitFor((wake) => startTimer(delayMs, wake), signal);
}
