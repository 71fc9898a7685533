import { connect as connectHttp2 } from "node:http2";

import { describe, expect, onTestFinished, test } from "vitest";

import { startFaultyServer } from "./support.js";

/** How many TCP connections this process has, both ends counted. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((type) => type === "TCPSocketWrap").length;
}

describe("goaway", () => {
  test.each([
    ["NO_ERROR", true],
    ["NO_ERROR", false],
    ["ENHANCE_YOUR_CALM", true],
    ["ENHANCE_YOUR_CALM", false],
  ] as const)("%s (processed: %s) leaves no connection behind", async (code, processed) => {
    const { stub } = await startFaultyServer();
    const before = connections();
    const session = connectHttp2(stub.url);
    session.on("error", () => {});
    onTestFinished(() => session.destroy());
    stub.faults.add({ method: "*", nth: 2, fault: "goaway", code, processed });
    for (let n = 0; n < 2; n += 1) {
      const call = session.request({
        ":method": "POST",
        ":path": "/ai.h2o.engine.sandbox.v1.ProcessService/ListProcesses",
        authorization: `Bearer ${stub.token}`,
        "content-type": "application/json",
      });
      call.on("error", () => {});
      call.resume();
      call.end(JSON.stringify({ parent: stub.parent }));
      await new Promise((resolve) => call.once("close", resolve));
    }
    expect(session.closed || session.destroyed).toBe(true);
    await expect.poll(() => connections()).toBe(before);
  });
});
