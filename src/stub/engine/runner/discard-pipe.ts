import type { Socket } from "node:net";

/** The pause after each read: what floods a pipe that nobody wants must not keep us busy. */
const PAUSE_MS = 10;

/**
 * Reads a pipe into nothing until its end, so that who writes to it neither blocks for long nor dies
 * of SIGPIPE. It does not keep this program running.
 */
export function discardPipe(pipe: Socket): void {
  pipe.unref();
  pipe.on("data", () => {
    pipe.pause();
    setTimeout(() => pipe.resume(), PAUSE_MS).unref();
  });
  pipe.resume();
}
