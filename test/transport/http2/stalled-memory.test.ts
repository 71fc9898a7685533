import { fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { collectGarbage } from "../../support/collect-garbage.js";
import { bytesOf, connectTo } from "./support/http2-calls.js";

const STREAMS = 60;
const STALLED = 3;
const FRAMES = 2_400;
const FRAME_BYTES = 100;
const BYTES = FRAMES * FRAME_BYTES;

let stop = () => {};
afterEach(() => stop());

// In a process of its own, so that its memory is not counted.
async function startServer(): Promise<string> {
  const path = new URL("fixtures/small-frames.mjs", import.meta.url);
  const server = fork(path, [STREAMS, FRAMES, FRAME_BYTES].map(String), { execArgv: [] });
  stop = () => server.kill();
  const [port] = await once(server, "message");
  return `http://127.0.0.1:${port}`;
}

function heldBytes(): number {
  collectGarbage();
  const { arrayBuffers } = process.memoryUsage();
  return arrayBuffers;
}

test("stalled streams of small frames hold about twice what arrived for them", async () => {
  const { request } = connectTo(await startServer());
  const read = Array.from({ length: STREAMS - STALLED }, () => request({ long: true }));
  const stalled = Array.from({ length: STALLED }, () => request({ long: true }));
  for (const { stream } of stalled) {
    stream.pause();
  }
  await Promise.all(read.map(({ end }) => end));
  expect(read.map(bytesOf)).toEqual(read.map(() => BYTES));
  for (const made of read) {
    made.chunks.length = 0;
  }
  // What arrived is 15 MB, which every view of a read would pin. Memory is freed a little later.
  await expect.poll(heldBytes).toBeLessThan(STALLED * BYTES * 2 + 2_000_000);
  expect(heldBytes()).toBeGreaterThan(STALLED * BYTES);
  for (const { stream } of stalled) {
    stream.resume();
  }
  await Promise.all(stalled.map(({ end }) => end));
  const expected = Buffer.concat(
    Array.from({ length: FRAMES }, (_, n) => Buffer.alloc(FRAME_BYTES, n % 251)),
  );
  for (const { chunks } of stalled) {
    expect(Buffer.concat(chunks).equals(expected)).toBe(true);
  }
});
