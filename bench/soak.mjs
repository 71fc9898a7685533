// @ts-check
/**
 * A long day of one client, in minutes: life cycles, aborted calls, broken streams, and a thousand
 * waits at once. What the client and the engine hold is counted before and after; it must be the
 * same, and the heap may grow by a bounded amount.
 *
 * Usage: npm run soak            in full, about five minutes
 *        npm run soak -- --short as in CI
 */
import { fork } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ProcessClient } from "aiem-process-client";
import { startBreakingProxy } from "./soak/breaking-proxy.mjs";
import { held } from "./soak/held.mjs";

const short = process.argv.includes("--short");
const LIFE_CYCLES = short ? 60 : 2_000;
const ABORTED_CALLS = short ? 150 : 5_000;
const BROKEN_STREAMS = short ? 30 : 1_000;
const WAITS = short ? 100 : 1_000;
const WAIT_SECONDS = short ? 2 : 65;
// The contract has no delete, so that the engine keeps what it knows of every process: some 8 kB each.
const HEAP_GROWTH_MB = { client: 20, engine: 20 + LIFE_CYCLES * 0.01 };

const server = fork(fileURLToPath(new URL("./soak/server.mjs", import.meta.url)));
const [{ connection, parent }] = await once(server, "message");
const { hostname: host, port } = new URL(connection.aiemUrl);
const proxy = await startBreakingProxy({
  host,
  port: Number(port),
  // Chunks have 32 KiB: some connections bring one or a few, some all of the 100,000 bytes.
  bytes: () => 34_000 + Math.floor(Math.random() * 90_000),
});
let { client, overProxy } = openClients();
const stop = new AbortController();
/** @type {string[]} */
const faults = [];

// The first line opens stdout, which is a handle of its own.
console.log(short ? "a short day:" : "a long day:");
// Everything once, so that what is made once and kept counts as there before.
await lifeCycle();
await abortedCall(0);
await brokenStream();
closeClients();
const before = { client: await held(), server: await heldByServer() };
({ client, overProxy } = openClients());

await timed(`${LIFE_CYCLES} life cycles`, () => repeat(LIFE_CYCLES, 8, lifeCycle));
// More than one connection takes: the server retires it after some hundreds of resets.
await timed(`${ABORTED_CALLS} aborted calls`, () => repeat(ABORTED_CALLS, 4, abortedCall));
const breaksBefore = proxy.breaks;
await timed(`${BROKEN_STREAMS} broken streams`, async () => {
  while (proxy.breaks - breaksBefore < BROKEN_STREAMS) {
    await brokenStream();
  }
});
await timed(`${WAITS} waits at once for ${WAIT_SECONDS} s`, manyWaits);

closeClients();
const after = {
  client: await settled(before.client, held),
  server: await settled(before.server, heldByServer),
};
compare("client", before.client, after.client);
compare("engine", before.server, after.server);
if (getEventListeners(stop.signal, "abort").length > 0) {
  faults.push("listeners are left on the caller's signal");
}
proxy.close();
server.disconnect();
console.log(faults.length === 0 ? "nothing leaked" : faults.join("\n"));
process.exitCode = faults.length === 0 ? 0 : 1;

function openClients() {
  return {
    client: new ProcessClient(connection),
    overProxy: new ProcessClient(
      { ...connection, aiemUrl: `http://127.0.0.1:${proxy.port}` },
      { retry: { baseDelayMs: 1, maxDelayMs: 5 } },
    ),
  };
}

// Sessions that are kept for the next call are no leak: they must be gone with their client.
function closeClients() {
  client.close();
  overProxy.close();
}

async function lifeCycle() {
  const spec = { command: "sh", args: ["-c", "echo out; echo err >&2"] };
  const { ok, stdout, stderr } = await client.runProcess(parent, spec, { signal: stop.signal });
  if (!ok || stdout.text() !== "out\n" || stderr.text() !== "err\n") {
    faults.push("a life cycle went wrong");
  }
}

/** @param {number} index */
async function abortedCall(index) {
  const name = `${parent}/processes/waited-for`;
  if (index === 0) {
    await client
      .createProcess(parent, { command: "true" }, { processId: "waited-for" })
      .catch(() => undefined);
  }
  const abort = new AbortController();
  const call =
    index % 2 === 0
      ? client.waitProcess(name, { signal: abort.signal })
      : client.streamOutput(name, { signal: abort.signal })[Symbol.asyncIterator]().next();
  const rejected = call.then(
    () => faults.push("an aborted call was answered"),
    (reason) => reason !== abort.signal.reason && faults.push(`an abort told ${reason}`),
  );
  await pause(5);
  abort.abort();
  await rejected;
}

async function brokenStream() {
  const bytes = 100_000;
  const { name } = await client.createProcess(
    parent,
    { command: "head", args: ["-c", String(bytes), "/dev/zero"] },
    { autoRun: true },
  );
  await client.waitProcess(name);
  // Each connection breaks after a few thousand bytes, far from the end: the position goes on.
  let read = 0;
  const output = overProxy.streamOutput(name, { signal: stop.signal });
  try {
    for await (const { data } of output) {
      read += data.length;
    }
    if (read !== bytes) {
      faults.push(`${read} of ${bytes} bytes came through the breaks`);
    }
  } catch (error) {
    // A replay that never gets as far as the one before is told as what it is.
    if (!(error instanceof Error) || error.name !== "ReplayStalledError") {
      faults.push(`a broken stream told ${error}`);
    }
  }
}

async function manyWaits() {
  const { name } = await client.createProcess(
    parent,
    { command: "sleep", args: ["600"] },
    { autoRun: true },
  );
  const waits = Array.from({ length: WAITS }, () => client.waitProcess(name));
  const began = performance.now();
  let slowest = 0;
  while (performance.now() - began < WAIT_SECONDS * 1000) {
    const asked = performance.now();
    await client.getProcess(name);
    slowest = Math.max(slowest, performance.now() - asked);
    await pause(100);
  }
  await client.terminateProcess(name);
  const ended = await Promise.allSettled(waits);
  const failed = ended.filter(({ status }) => status === "rejected").length;
  console.log(`  slowest other call ${slowest.toFixed(0)} ms, ${failed} of ${WAITS} waits failed`);
  if (failed > 0) {
    faults.push(`${failed} waits failed`);
  }
}

/**
 * @param {number} times
 * @param {number} concurrency
 * @param {(index: number) => Promise<void>} work
 */
async function repeat(times, concurrency, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let index = next++; index < times; index = next++) {
        await work(index);
      }
    }),
  );
}

/**
 * @param {string} title
 * @param {() => Promise<void>} work
 */
async function timed(title, work) {
  const began = performance.now();
  await work();
  console.log(`${title}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** @returns {Promise<import("./soak/held.mjs").Held>} */
async function heldByServer() {
  server.send("count");
  const [counted] = await once(server, "message");
  return counted;
}

/**
 * Counts until there is no more than before, or it is clear that there will be: the other end of a
 * connection takes a moment to see that it is closed.
 *
 * @param {import("./soak/held.mjs").Held} was
 * @param {() => Promise<import("./soak/held.mjs").Held>} count
 */
async function settled(was, count) {
  const began = performance.now();
  let is = await count();
  while (more(was, is).length > 0 && performance.now() - began < 10_000) {
    await pause(500);
    is = await count();
  }
  return is;
}

/**
 * @param {import("./soak/held.mjs").Held} was
 * @param {import("./soak/held.mjs").Held} is
 */
function more(was, is) {
  const kinds = /** @type {const} */ (["files", "handles", "children"]);
  return kinds.filter((kind) => is[kind] > was[kind]);
}

/**
 * @param {keyof typeof HEAP_GROWTH_MB} program
 * @param {import("./soak/held.mjs").Held} was
 * @param {import("./soak/held.mjs").Held} is
 */
function compare(program, was, is) {
  /** @param {import("./soak/held.mjs").Held} held */
  const show = ({ files, handles, children, heapMegabytes }) =>
    `${files} files, ${handles} handles, ${children} children, ${heapMegabytes.toFixed(1)} MB heap`;
  console.log(`${program} before: ${show(was)}\n${program} after:  ${show(is)}`);
  for (const kind of more(was, is)) {
    faults.push(`the ${program} holds ${is[kind] - was[kind]} more ${kind} than before`);
  }
  if (is.heapMegabytes > was.heapMegabytes + HEAP_GROWTH_MB[program]) {
    faults.push(`the ${program}'s heap grew by more than ${HEAP_GROWTH_MB[program]} MB`);
  }
}
