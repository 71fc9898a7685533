import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { defineServerSuite } from "./server-suite.js";
import { serverTarget } from "./targets/server-target.js";

defineServerSuite(
  serverTarget({
    name: "Connect over HTTP/2",
    clientOptions: { protocol: "connect" },
    rawTransport: (baseUrl) => {
      const sessionManager = new Http2SessionManager(baseUrl);
      const transport = createConnectTransport({ baseUrl, sessionManager, httpVersion: "2" });
      return { transport, close: () => sessionManager.abort() };
    },
  }),
);
