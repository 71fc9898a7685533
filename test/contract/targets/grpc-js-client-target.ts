import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import { createGrpcJsTransport } from "../../support/grpc-js/grpc-js-transport.js";
import type { ContractTarget } from "../contract-target.js";
import { authorized } from "./requests.js";

/** Another gRPC implementation in front of our server: it shows what the server really speaks. */
export const grpcJsClientTarget: ContractTarget = {
  name: "gRPC, with grpc-js as the client",
  async open(options) {
    const stub = await startStubServer(options);
    // By default it takes 4 MiB; the suite reads more in one message.
    const unlimited = { "grpc.max_receive_message_length": -1 };
    const transport = createGrpcJsTransport(new URL(stub.url).host, unlimited);
    const clients: ProcessClient[] = [];
    const clientAs = (token: string) => {
      const client = new ProcessClient({ transport: authorized(transport, token) });
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
        transport.close();
        await stub.close();
      },
    };
  },
};
