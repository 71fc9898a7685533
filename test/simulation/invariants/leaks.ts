import { getEventListeners } from "node:events";
import type { Run } from "./run.js";

/** What an operation has left open. */
export function leaks({ world, signal }: Run): string[] {
  const { time, calls, handlers, host } = world;
  const left = {
    "timers of the client": time.programTimers,
    "calls of the transport": calls.count,
    "handlers of the server": handlers.count,
    "readers of the output": host.readers,
    "listeners on the user's signal": getEventListeners(signal, "abort").length,
  };
  const found = Object.entries(left)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what} left open: ${count}`);
  return calls.mostStreams > 1 ? [...found, `streams at once: ${calls.mostStreams}`] : found;
}
