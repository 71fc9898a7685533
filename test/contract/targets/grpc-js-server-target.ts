import { ProcessClient } from "../../../src/index.js";
import { createStub } from "../../../src/stub/create-stub.js";
import { startGrpcJsServer } from "../../support/grpc-js/grpc-js-server.js";
import type { ContractTarget } from "../contract-target.js";

/** Another gRPC implementation behind our client: it shows what the client really speaks. */
export const grpcJsServerTarget: ContractTarget = {
  name: "gRPC, with grpc-js as the server",
  async open(options = {}) {
    const stub = createStub(options);
    const server = await startGrpcJsServer(stub.service);
    const clients: ProcessClient[] = [];
    const clientAs = (tokenProvider: string) => {
      const client = new ProcessClient({ aiemUrl: `http://${server.address}`, tokenProvider });
      clients.push(client);
      return client;
    };
    return {
      client: clientAs(stub.token),
      parent: stub.parent,
      engines: stub.engines,
      clientAs,
      async [Symbol.asyncDispose]() {
        for (const client of clients) {
          client.close();
        }
        await server[Symbol.asyncDispose]();
        await stub.close();
      },
    };
  },
};
