// @ts-check

/** @typedef {import("./contender.mjs").Contender} Contender */
/** @typedef {import("./contender.mjs").Target} Target */

/**
 * The contenders by their names. Each is loaded by itself, so that a program that is measured holds
 * no code of another.
 *
 * @type {Readonly<Record<string, (target: Target) => Promise<Contender>>>}
 */
const contenders = {
  "node:http2": async (target) => (await import("./node-http2.mjs")).open(target),
  "grpc-js": async (target) => (await import("./grpc-js.mjs")).open(target),
  "nice-grpc": async (target) => (await import("./nice-grpc.mjs")).open(target),
  "connect-node, gRPC": async (target) =>
    (await import("./connect-node.mjs")).open(target, { protocol: "grpc" }),
  "connect-node, Connect": async (target) =>
    (await import("./connect-node.mjs")).open(target, { protocol: "connect" }),
  "this client": thisClient({ protocol: "grpc" }),
  "this client, 16 MiB window": thisClient({
    protocol: "grpc",
    streamWindowBytes: 16 * 1024 * 1024,
  }),
  "this client, Connect": thisClient({ protocol: "connect" }),
  "this client, REST": thisClient({ protocol: "rest" }),
  "this client, adapted": thisClient({ protocol: "grpc" }, "adapted"),
  "this client, guarded": thisClient({ protocol: "grpc" }, "guarded"),
  "this client, listened to": observedClient("channels"),
  "this client, OpenTelemetry": observedClient("otel"),
  "this client, OpenTelemetry with attempts": observedClient("attempts"),
  spawn: async () => (await import("./spawn.mjs")).open(),
};

/** @param {"channels" | "otel" | "attempts"} by */
function observedClient(by) {
  return async (/** @type {Target} */ target) =>
    (await import("./observed-client.mjs")).open(target, by);
}

/**
 * @param {string} name
 * @param {Target} target
 */
export async function openContender(name, target) {
  const open = contenders[name];
  if (open === undefined) {
    throw new Error(`there is no contender '${name}'`);
  }
  return await open(target);
}

/**
 * @param {import("aiem-process-client").ClientOptions} options
 * @param {"built-in" | "adapted" | "guarded"} [contract]
 */
function thisClient(options, contract = "built-in") {
  return async (/** @type {Target} */ target) =>
    (await import("./this-client.mjs")).open(target, options, contract);
}
