import { startTimer } from "../../async/timer.js";

/** The value of a promise that never rejects, or undefined if it takes longer than `timeoutMs`. */
export async function settledWithin<T>(
  promise: Promise<T>,
  timeoutMs: number,
): Promise<T | undefined> {
  let stopTimer: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => {
    stopTimer = startTimer(timeoutMs, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stopTimer();
  }
}
