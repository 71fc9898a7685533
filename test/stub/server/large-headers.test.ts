import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import { rejection } from "../../support/rejection.js";
import { PROTOCOLS } from "../../transport/support/protocols.js";

test.each(PROTOCOLS)(
  "a token of nearly 64 KiB arrives, over $protocol and HTTP/$httpVersion",
  async (way) => {
    const tokenProvider = "t".repeat(64 * 1024 - 1024);
    await using stub = await startStubServer({ users: { [tokenProvider]: "users/ann" } });
    await using client = new ProcessClient(
      { contract: "built-in", aiemUrl: stub.url, tokenProvider },
      { ...way, retry: false },
    );
    const { name } = await client.createProcess(stub.parent, { command: "true" });
    expect((await client.getProcess(name)).name).toBe(name);
    const missing = rejection(client.getProcess(`${name}x`, { headers: { "x-other": "y" } }));
    expect(await missing).toMatchObject({ code: Code.NotFound });
  },
);
