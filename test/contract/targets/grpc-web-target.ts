import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import type { ContractTarget } from "../contract-target.js";
import { openTarget } from "./clients.js";
import { authorized } from "./requests.js";

/** A client with a Connect transport of the user's own, as one for browsers is. */
export const grpcWebTarget: ContractTarget = {
  name: "gRPC-Web, with a transport of the user's own",
  async open(options) {
    const stub = await startStubServer(options);
    const transport = createGrpcWebTransport({ baseUrl: stub.url, httpVersion: "1.1" });
    return openTarget(
      stub,
      (token) => new ProcessClient({ transport: authorized(transport, token) }),
      () => stub.close(),
    );
  },
};
