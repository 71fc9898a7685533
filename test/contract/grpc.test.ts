import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { defineServerSuite } from "./server-suite.js";
import { serverTarget } from "./targets/server-target.js";

defineServerSuite(
  serverTarget({
    name: "gRPC",
    clientOptions: {},
    rawTransport: (baseUrl) => {
      const sessionManager = new Http2SessionManager(baseUrl);
      const transport = createGrpcTransport({ baseUrl, sessionManager });
      return { transport, close: () => sessionManager.abort() };
    },
  }),
);
