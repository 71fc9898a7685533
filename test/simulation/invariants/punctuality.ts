import type { Run } from "./run.js";

const ATTEMPT_MS = 30_000;
// A look at the end of a wait, and one more that it may meet under way.
const LAST_LOOKS_MS = 4_000;
// What runProcess allows itself to end a process: for its create, a look, and the termination.
const TERMINATION_MS = 10_000 + 2_000 + 30_000 + LAST_LOOKS_MS;
// Timers are not exact.
const SLACK_MS = 2;

/** What came later than the user's abort, or the user's limit, allows. */
export function punctuality({ schedule, abortedAt, endedAt }: Run): string[] {
  const { operation } = schedule;
  const pauseMs = "slowness" in operation ? operation.slowness.mostMs : 0;
  const found: string[] = [];
  if (abortedAt !== undefined && endedAt > abortedAt + pauseMs) {
    found.push(`an abort took ${endedAt - abortedAt} ms`);
  }
  const { timeoutMs } = operation;
  if (timeoutMs !== undefined) {
    const parts = operation.kind === "follow" ? operation.leaveAfter.length + 1 : 1;
    const most = (mostMs(operation, timeoutMs) + pauseMs) * parts;
    if (endedAt > most) {
      found.push(`it took ${endedAt} ms, with a limit of ${timeoutMs} ms`);
    }
  }
  return found;
}

function mostMs(operation: Run["schedule"]["operation"], timeoutMs: number): number {
  // A limit of zero is one attempt, and a look at what became of it.
  const limitMs = (timeoutMs === 0 ? 2 * ATTEMPT_MS : timeoutMs) + SLACK_MS;
  switch (operation.kind) {
    case "create":
    case "start":
    case "signal":
    case "follow":
      return limitMs;
    case "wait":
    case "poll":
    case "terminate":
      return limitMs + LAST_LOOKS_MS;
    case "run":
      return limitMs + (operation.onTimeout === "terminate" ? TERMINATION_MS : LAST_LOOKS_MS);
  }
}
