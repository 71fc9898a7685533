// @ts-check
import { once } from "node:events";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { inTurn, UNARY_TIMEOUT_MS } from "./contender.mjs";
import { CHANNEL_OPTIONS, SERVICE } from "./grpc-definition.mjs";

/**
 * @param {import("./contender.mjs").Target} target
 * @returns {import("./contender.mjs").Contender}
 */
export function open({ url, token, connections }) {
  /** @type {Client[]} */
  const clients = [];
  const client = inTurn(connections, () => {
    const one = new Client(new URL(url).host, credentials.createInsecure(), CHANNEL_OPTIONS);
    clients.push(one);
    return one;
  });
  const metadata = () => {
    const made = new Metadata();
    made.set("authorization", `Bearer ${token}`);
    return made;
  };
  /**
   * @template T
   * @param {{ path: string, requestSerialize: (message: { name: string }) => Buffer, responseDeserialize: (bytes: Buffer) => T }} method
   * @returns {(name: string) => Promise<T>}
   */
  const unary = (method) => (name) =>
    new Promise((resolve, reject) => {
      client().makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        { name },
        metadata(),
        { deadline: Date.now() + UNARY_TIMEOUT_MS },
        (error, answer) => {
          if (error || answer === undefined) {
            reject(error);
          } else {
            resolve(answer);
          }
        },
      );
    });
  const { path, requestSerialize, responseDeserialize } = SERVICE.streamOutput;
  /** @param {string} name */
  const output = (name) => {
    const call = client().makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { name },
      metadata(),
    );
    // Leaving the loop cancels the call, which it tells as an error that nobody waits for.
    call.on("error", () => {});
    return call;
  };
  const readOutput = unary(SERVICE.readOutput);
  return {
    chunks: output,
    lines: output,
    async pipe(name, to, signal) {
      const call = output(name);
      signal.addEventListener("abort", () => call.cancel(), { once: true });
      for await (const { data } of call) {
        if (!to.write(data)) {
          await once(to, "drain");
        }
      }
    },
    get: unary(SERVICE.getProcess),
    wait: unary(SERVICE.waitProcess),
    read: async (name) => (await readOutput(name)).data,
    close() {
      for (const one of clients) {
        one.close();
      }
    },
  };
}
