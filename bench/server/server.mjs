// @ts-check
// The program that all clients are measured against.
import { PARENT } from "./answers.mjs";
import { HeldCalls } from "./held-calls.mjs";
import { startHttp1Server } from "./http1.mjs";
import { startHttp2Server } from "./http2.mjs";

const held = new HeldCalls();
const usual = await startHttp2Server(held, 100);
const unlimited = await startHttp2Server(held, 1_000_000);
const http1 = await startHttp1Server();

process.on("message", (/** @type {import("../processes.mjs").Question} */ { what, kind }) => {
  if (what === "answer") {
    held.answer(kind);
  }
  process.send?.(held.count(kind));
});
process.on("disconnect", () => process.exit());
process.send?.({
  parent: PARENT,
  usual: portOf(usual),
  unlimited: portOf(unlimited),
  http1: portOf(http1),
});

/** @param {import("node:net").Server | import("node:http2").Http2Server} server */
function portOf(server) {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("a server without a port");
  }
  return address.port;
}
