import { ProcessClient } from "../../../src/index.js";
import { createStub } from "../../../src/stub/create-stub.js";
import { FaultRegistry } from "../../../src/stub/faults/fault-registry.js";
import { injectFaults } from "../../../src/stub/faults/inject-faults.js";
import { startGrpcJsServer } from "../../support/grpc-js/grpc-js-server.js";
import type { ContractTarget } from "../contract-target.js";
import { openTarget } from "./clients.js";

/** Another gRPC implementation behind our client: it shows what the client really speaks. */
export const grpcJsServerTarget: ContractTarget = {
  name: "gRPC, with grpc-js as the server",
  async open(options = {}) {
    const stub = createStub(options);
    const faults = new FaultRegistry({ network: false });
    const server = await startGrpcJsServer(injectFaults(stub.service, faults));
    return openTarget(
      { ...stub, faults },
      (tokenProvider) => new ProcessClient({ aiemUrl: `http://${server.address}`, tokenProvider }),
      async () => {
        await server[Symbol.asyncDispose]();
        await stub.close();
      },
    );
  },
};
