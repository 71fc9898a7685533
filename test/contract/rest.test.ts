import { createTransport } from "../support/create-transport.js";
import { defineServerSuite } from "./server-suite.js";
import { serverTarget } from "./targets/server-target.js";

defineServerSuite(
  serverTarget({
    name: "REST",
    clientOptions: { protocol: "rest" },
    rawTransport: (aiemUrl) => createTransport({ aiemUrl }, { protocol: "rest" }),
  }),
);
