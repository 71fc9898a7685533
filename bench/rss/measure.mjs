// @ts-check
import { setTimeout as delay } from "node:timers/promises";
import { message, start, stop } from "../processes.mjs";
import { forgetPeak, memoryOf } from "./memory.mjs";

/**
 * @typedef {object} Reading how the output is read
 * @property {number} bytes how much one process writes
 * @property {number} [bytesPerSecond] how fast it is read at most; by default, as fast as it comes
 * @property {number} maxSeconds how long it is read at most
 */

/**
 * @typedef {object} Memory megabytes of one program
 * @property {number} idle before the process
 * @property {number} peak during the process
 */

/**
 * Reads the output of one process through a server and a client, programs of their own, and tells
 * what memory they took.
 *
 * @param {Reading} reading
 * @returns {Promise<{ server: Memory, client: Memory, read: number, seconds: number }>}
 */
export async function measure(reading) {
  const server = start("rss/server.mjs");
  try {
    const client = start("rss/reader.mjs", JSON.stringify(await message(server)));
    try {
      await message(client);
      await delay(1_000);
      const before = { server: idle(server), client: idle(client) };
      client.send(reading);
      /** @type {Readonly<Record<string, unknown>>} */
      const { state, ...numbers } = await message(client, reading.maxSeconds + 60);
      const [read, seconds] = [Number(numbers["read"]), Number(numbers["seconds"])];
      if (state !== "STATE_SUCCEEDED" || (seconds < reading.maxSeconds && read !== reading.bytes)) {
        throw new Error(`read ${read} of ${reading.bytes} bytes of a process in ${state}`);
      }
      return {
        server: { idle: before.server, peak: memoryOf(pidOf(server)).peak },
        client: { idle: before.client, peak: memoryOf(pidOf(client)).peak },
        read,
        seconds,
      };
    } finally {
      await stop(client);
    }
  } finally {
    await stop(server);
  }
}

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/** @param {ChildProcess} program */
function idle(program) {
  const { rss } = memoryOf(pidOf(program));
  forgetPeak(pidOf(program));
  return rss;
}

/** @param {ChildProcess} program */
function pidOf({ pid }) {
  if (pid === undefined) {
    throw new Error("a measured program could not be started");
  }
  return pid;
}
