// @ts-check
/**
 * The memory of 100 followers that have stopped reading, in the client, with its default windows.
 * Linux only; takes a few seconds.
 *
 * Usage: npm run build && npm run bench:stalled
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ProcessClient } from "aiem-process-client";
import { memoryOf } from "./rss/memory.mjs";

const FOLLOWERS = 100;
const OUTPUT_BYTES = 64 * 1024 * 1024;
// Long enough for all windows to fill.
const SETTLE_MS = 5_000;

const server = fork(fileURLToPath(new URL("./rss/server.mjs", import.meta.url)));
const [{ connection, parent }] = await once(server, "message");
const client = new ProcessClient(connection);
const spec = { command: "head", args: ["-c", String(OUTPUT_BYTES), "/dev/zero"] };
const { name } = await client.createProcess(parent, spec, { autoRun: true });
await client.waitProcess(name);
const before = memoryOf(process.pid).rss;
const followers = Array.from({ length: FOLLOWERS }, () =>
  client.streamOutput(name)[Symbol.asyncIterator](),
);
await Promise.all(followers.map((follower) => follower.next()));
await pause(SETTLE_MS);
const after = memoryOf(process.pid).rss;
console.log(
  `${FOLLOWERS} stalled followers: ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB with them, ${((after - before) / FOLLOWERS).toFixed(1)} MB each`,
);
client.close();
server.disconnect();
