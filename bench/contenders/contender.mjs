// @ts-check

/**
 * @typedef {object} Target what a contender is to reach
 * @property {string} url
 * @property {string} token
 * @property {number} connections over how many connections calls are to be spread, by those who do
 * not open further ones by themselves
 */

/**
 * One way to call the service, used as its users would use it. A method that is not there is not
 * measured.
 *
 * @typedef {object} Contender
 * @property {(name: string) => AsyncIterable<{ readonly length: number }>} [bytes] output, of which
 * no more is known than that it is bytes
 * @property {(name: string) => AsyncIterable<{ readonly data: Uint8Array }>} [chunks]
 * @property {(name: string) => AsyncIterable<unknown>} [lines]
 * @property {(name: string, to: import("node:stream").Writable, signal: AbortSignal) => Promise<void>} [pipe]
 * @property {(name: string) => Promise<unknown>} [get]
 * @property {(name: string) => Promise<unknown>} [wait]
 * @property {(name: string) => Promise<Uint8Array>} [read]
 * @property {(parent: string, command: string, args: string[]) => Promise<string>} [run] runs a
 * process to its end, and gives its output
 * @property {() => void} close
 */

/** Unary calls have the deadline that this client gives them by default. */
export const UNARY_TIMEOUT_MS = 30_000;

/**
 * One after another, and again from the first on.
 *
 * @template T
 * @param {number} count
 * @param {() => T} make
 * @returns {() => T}
 */
export function inTurn(count, make) {
  const all = Array.from({ length: count }, make);
  let next = 0;
  return () => {
    const one = all[next % count];
    next += 1;
    if (one === undefined) {
      throw new Error("nothing to take turns");
    }
    return one;
  };
}
