import { createClient, type Transport } from "@connectrpc/connect";
import { ProcessService } from "../../../src/gen.js";
import { ProcessClient, type TransportOptions } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import type { ServerContractTarget } from "../contract-target.js";
import { authorized, recorder } from "./requests.js";

/** How a target reaches the server: the client's own options, and the same by hand. */
export interface ServerTargetOptions {
  readonly name: string;
  readonly clientOptions: TransportOptions;
  /** A transport of Connect's own that speaks the same protocol, and how to close it. */
  rawTransport(baseUrl: string): { readonly transport: Transport; close(): void };
}

/** The client with a transport of its own, and the stub server over the network. */
export function serverTarget(target: ServerTargetOptions): ServerContractTarget {
  return {
    name: target.name,
    async open(options) {
      const stub = await startStubServer(options);
      const raw = target.rawTransport(stub.url);
      const sent: string[] = [];
      const clients: ProcessClient[] = [];
      const clientAs = (tokenProvider: string, record: string[] = []) => {
        const client = new ProcessClient(
          {
            aiemUrl: stub.url,
            tokenProvider,
            // gRPC asks the server. Guarded, a create is two calls, which some tests tell from one.
            contract: target.clientOptions.protocol === "connect" ? "built-in" : undefined,
          },
          { ...target.clientOptions, interceptors: [recorder(record)] },
        );
        clients.push(client);
        return client;
      };
      return {
        client: clientAs(stub.token, sent),
        parent: stub.parent,
        engines: stub.engines,
        streamsTaken: () => stub.faults.calls("StreamOutput"),
        sent,
        service: createClient(ProcessService, authorized(raw.transport, stub.token)),
        stop: () => stub.stop(),
        listen: () => stub.listen(),
        clientAs: (token) => clientAs(token),
        async [Symbol.asyncDispose]() {
          for (const client of clients) {
            client.close();
          }
          raw.close();
          await stub.close();
        },
      };
    },
  };
}
