// @ts-check
/**
 * How fast one follower gets its output over a distance: through a proxy that adds 10 ms each way,
 * with this client's windows and with those of connect-node as it comes. All in one run, since only
 * their ratio means something on a shared machine. Takes about half a minute.
 *
 * Usage: npm run build && npm run bench:distance
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ProcessClient } from "aiem-process-client";

const DELAY_MS = 10;
const OUTPUT_BYTES = 512 * 1024 * 1024;
const SECONDS = 5;
const ROUNDS = 2;

const server = start("./rss/server.mjs");
const [{ connection, parent }] = await once(server, "message");
const { hostname: host, port } = new URL(connection.aiemUrl);
const proxy = start("./distance/delay-proxy.mjs", { host, port: Number(port), delayMs: DELAY_MS });
const [{ port: proxyPort }] = await once(proxy, "message");
const aiemUrl = `http://127.0.0.1:${proxyPort}`;

const direct = new ProcessClient(connection);
const spec = { command: "head", args: ["-c", String(OUTPUT_BYTES), "/dev/zero"] };
const { name } = await direct.createProcess(parent, spec, { autoRun: true });
await direct.waitProcess(name);

const interceptors = [
  /** @type {import("@connectrpc/connect").Interceptor} */
  (next) => (req) => {
    req.header.set("authorization", `Bearer ${connection.tokenProvider}`);
    return next(req);
  },
];
/** @type {Record<string, () => ProcessClient>} */
const clients = {
  "connect-node as it comes": () =>
    new ProcessClient({ transport: createGrpcTransport({ baseUrl: aiemUrl, interceptors }) }),
  "windows of 1 MiB (default)": () => new ProcessClient({ ...connection, aiemUrl }),
  "windows of 16 MiB": () =>
    new ProcessClient({ ...connection, aiemUrl }, { streamWindowBytes: 16 * 1024 * 1024 }),
};

/** @type {Record<string, number>} */
const best = {};
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [title, open] of Object.entries(clients)) {
    best[title] = Math.max(best[title] ?? 0, await megabytesPerSecond(open()));
  }
}
const [base = Number.NaN] = Object.values(best);
for (const [title, rate] of Object.entries(best)) {
  console.log(`${title}: ${rate.toFixed(1)} MB/s, ${(rate / base).toFixed(0)} times`);
}
direct.close();
proxy.disconnect();
server.disconnect();

/** @param {ProcessClient} client */
async function megabytesPerSecond(client) {
  let read = 0;
  // The first piece takes the connection's making and a round trip: the rate begins after it.
  let start = 0;
  for await (const { data } of client.streamOutput(name)) {
    if (start === 0) {
      start = performance.now();
    } else {
      read += data.length;
    }
    if (performance.now() - start > SECONDS * 1000) {
      break;
    }
  }
  const seconds = (performance.now() - start) / 1000;
  client.close();
  return read / seconds / 1e6;
}

/**
 * @param {string} file
 * @param {unknown} [options]
 */
function start(file, options = {}) {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(options)]);
}
