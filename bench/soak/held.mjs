// @ts-check
// What a program holds: counted before and after, the difference is what leaked.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/**
 * @typedef {object} Held
 * @property {number} files open file descriptors: sockets, pipes and files
 * @property {number} handles what keeps Node's event loop, timers included
 * @property {number} children child processes that are not reaped
 * @property {number} heapMegabytes what is still reachable
 */

/**
 * Needs `--expose-gc`, and Linux.
 *
 * @returns {Promise<Held>}
 */
export async function held() {
  // What is let go of in one turn of the event loop can free more in the next.
  for (let round = 0; round < 3; round += 1) {
    await pause(50);
    globalThis.gc?.();
  }
  return {
    files: readdirSync("/proc/self/fd").length,
    handles: process.getActiveResourcesInfo().length,
    children: readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").length - 1,
    heapMegabytes: process.memoryUsage().heapUsed / 1e6,
  };
}
