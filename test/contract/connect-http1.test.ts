import { createConnectTransport } from "@connectrpc/connect-node";
import { defineServerSuite } from "./server-suite.js";
import { serverTarget } from "./targets/server-target.js";

defineServerSuite(
  serverTarget({
    name: "Connect over HTTP/1.1",
    clientOptions: { protocol: "connect", httpVersion: "1.1" },
    rawTransport: (baseUrl) => ({
      transport: createConnectTransport({ baseUrl, httpVersion: "1.1" }),
      close: () => {},
    }),
  }),
);
