import { shell } from "../../support/commands.js";

/** One write of a process: to which stream, and what. */
export interface Write {
  readonly fd: 1 | 2;
  readonly data: Uint8Array;
}

/**
 * A shell script that makes these writes, in this order.
 *
 * @param pauseSeconds the pause after each, which keeps them apart on their way through two pipes.
 */
export function printerScript(writes: readonly Write[], pauseSeconds = 0): string {
  const pause = pauseSeconds > 0 ? `; sleep ${pauseSeconds}` : "";
  return writes.map(({ fd, data }) => `printf '${octal(data)}' >&${fd}${pause}`).join("\n");
}

/** A process that makes these writes, in this order. */
export function printer(writes: readonly Write[], pauseSeconds = 0) {
  return shell(printerScript(writes, pauseSeconds));
}

// What printf takes for any byte, NUL, % and \ included.
function octal(data: Uint8Array): string {
  return [...data].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
