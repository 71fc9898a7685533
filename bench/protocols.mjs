// @ts-check
/**
 * What a protocol costs: short calls one after another and 32 at a time, and a follow of 128 MB, over
 * gRPC, Connect and REST against the same server. All in one run, since only their ratio means
 * something on a shared machine. Takes about half a minute.
 *
 * Usage: npm run build && npm run bench:protocols
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ProcessClient } from "aiem-process-client";

const CALLS = 1_000;
const AT_ONCE = 32;
const OUTPUT_BYTES = 128 * 1024 * 1024;
const ROUNDS = 3;

const server = fork(fileURLToPath(new URL("./rss/server.mjs", import.meta.url)));
const [{ connection, parent }] = await once(server, "message");
/** @type {Record<string, ProcessClient>} */
const clients = {
  gRPC: new ProcessClient(connection, { protocol: "grpc" }),
  "Connect, HTTP/2": new ProcessClient(connection, { protocol: "connect" }),
  "Connect, HTTP/1.1": new ProcessClient(connection, { protocol: "connect", httpVersion: "1.1" }),
  REST: new ProcessClient(connection, { protocol: "rest" }),
};
const [first] = Object.values(clients);
if (first === undefined) {
  throw new Error("no client");
}
const spec = { command: "head", args: ["-c", String(OUTPUT_BYTES), "/dev/urandom"] };
const { name } = await first.createProcess(parent, spec, { autoRun: true });
await first.waitProcess(name);

/** @type {Record<string, (client: ProcessClient) => Promise<number>>} */
const rates = {
  "short calls a second, one after another": (client) => callsPerSecond(client, 1),
  [`short calls a second, ${AT_ONCE} at a time`]: (client) => callsPerSecond(client, AT_ONCE),
  "MB/s of a follow": followedPerSecond,
};
for (const [measure, rate] of Object.entries(rates)) {
  /** @type {Record<string, number>} */
  const best = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [title, client] of Object.entries(clients)) {
      best[title] = Math.max(best[title] ?? 0, await rate(client));
    }
  }
  const [base = Number.NaN] = Object.values(best);
  for (const [title, value] of Object.entries(best)) {
    console.log(`${measure}: ${title} ${value.toFixed(0)}, ${(value / base).toFixed(2)} of gRPC's`);
  }
}
for (const client of Object.values(clients)) {
  client.close();
}
server.disconnect();

/**
 * @param {ProcessClient} client
 * @param {number} atOnce
 */
async function callsPerSecond(client, atOnce) {
  const start = performance.now();
  let left = CALLS;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1;
        await client.getProcess(name);
      }
    }),
  );
  return (CALLS * 1000) / (performance.now() - start);
}

/** @param {ProcessClient} client */
async function followedPerSecond(client) {
  const start = performance.now();
  let read = 0;
  for await (const { data } of client.streamOutput(name)) {
    read += data.length;
  }
  if (read !== OUTPUT_BYTES) {
    throw new Error(`${read} bytes of ${OUTPUT_BYTES} came`);
  }
  return read / ((performance.now() - start) * 1000);
}
