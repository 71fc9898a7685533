// @ts-check
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ProcessService } from "aiem-process-client/gen";
import { inTurn, UNARY_TIMEOUT_MS } from "./contender.mjs";

/**
 * @param {import("./contender.mjs").Target} target
 * @param {{ readonly protocol: "grpc" | "connect" }} options
 * @returns {import("./contender.mjs").Contender}
 */
export function open({ url, token, connections }, { protocol }) {
  /** @type {import("@connectrpc/connect").Interceptor} */
  const authorize = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const options = { baseUrl: url, interceptors: [authorize] };
  const client = inTurn(connections, () =>
    createClient(
      ProcessService,
      protocol === "grpc"
        ? createGrpcTransport(options)
        : createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: true }),
    ),
  );
  const timeout = { timeoutMs: UNARY_TIMEOUT_MS };
  return {
    chunks(name) {
      // Leaving its loop does not cancel the call, which would go on beside the next measurement.
      const abort = new AbortController();
      const messages = client()
        .streamOutput({ name }, { signal: abort.signal })
        [Symbol.asyncIterator]();
      const iterator = {
        next: () => messages.next(),
        async return() {
          abort.abort();
          return { done: /** @type {const} */ (true), value: undefined };
        },
      };
      return { [Symbol.asyncIterator]: () => iterator };
    },
    get: (name) => client().getProcess({ name }, timeout),
    wait: (name) => client().waitProcess({ name }, timeout),
    read: async (name) => (await client().readOutput({ name }, timeout)).data,
    close() {},
  };
}
