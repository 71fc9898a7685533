// @ts-check
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/**
 * What the raw server is asked: how many calls it holds, or to go on with them.
 *
 * @typedef {object} Question
 * @property {"count" | "answer"} what
 * @property {import("./server/held-calls.mjs").HeldKind} kind
 */

/**
 * Starts a program of the bench, which ends when it is disconnected from.
 *
 * @param {string} file next to this one
 * @param {...string} args
 */
export function start(file, ...args) {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ["--expose-gc"] });
}

/**
 * The next message of a program, which must not end before, nor be silent for too long.
 *
 * @template T what it says, which is the two programs' own matter
 * @param {ChildProcess} program
 * @param {number} [seconds]
 * @returns {Promise<T>}
 */
export async function message(program, seconds = 60) {
  const over = new AbortController();
  const { signal } = over;
  try {
    return await Promise.race([
      once(program, "message", { signal }).then(([value]) => value),
      once(program, "exit", { signal }).then(([code, killed]) => {
        throw new Error(`a measured program ended with ${code ?? killed}`);
      }),
      pause(seconds * 1000, undefined, { signal }).then(() => {
        throw new Error(`a measured program said nothing for ${seconds} s`);
      }),
    ]);
  } finally {
    over.abort();
  }
}

/**
 * @template T what it answers
 * @param {ChildProcess} program
 * @param {import("node:child_process").Serializable} question
 * @returns {Promise<T>}
 */
export async function ask(program, question) {
  program.send(question);
  return await message(program);
}

/** @param {ChildProcess} program */
export async function stop(program) {
  if (program.exitCode !== null || program.signalCode !== null) {
    return;
  }
  const exit = once(program, "exit");
  if (program.connected) {
    program.disconnect();
  }
  // One that never gets to see that it is alone would keep the bench for ever.
  const kill = setTimeout(() => program.kill("SIGKILL"), 10_000);
  await exit;
  clearTimeout(kill);
}
