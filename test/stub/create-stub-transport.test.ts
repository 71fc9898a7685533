import { Code, createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";

import { OutputStream, ProcessService } from "../../src/gen.js";
import { createStubTransport, type StubTransport } from "../../src/stub/index.js";

describe("createStubTransport", () => {
  let stub: StubTransport;

  afterEach(() => stub.close());

  test("calls as the first user, unless a call brings a token of its own", async () => {
    stub = createStubTransport({ users: { first: "users/1", second: "users/2" } });
    const client = createClient(ProcessService, stub.transport);
    const parent = "workspaces/w/sandboxEngines/second";
    stub.engines.create(parent, { creator: "users/2" });
    await client.listProcesses({ parent: stub.parent });
    await expect(client.listProcesses({ parent })).rejects.toMatchObject({ code: Code.NotFound });
    const headers = { authorization: "Bearer second" };
    await client.listProcesses({ parent }, { headers });
  });

  test("carries output close to the limit of one message, and refuses what is above", async () => {
    stub = createStubTransport();
    const client = createClient(ProcessService, stub.transport);
    const limit = 64 * 1024 * 1024 - 5;
    const read = async (bytes: number) => {
      const { process } = await client.createProcess({
        parent: stub.parent,
        process: { command: "head", args: ["-c", String(bytes), "/dev/zero"] },
        autoRun: true,
      });
      const name = process?.name ?? "";
      await client.waitProcess({ name });
      return client.readOutput({ name, outputStream: OutputStream.STDOUT });
    };
    expect((await read(limit)).data.length).toBe(limit);
    await expect(read(limit + 1)).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      message: expect.stringContaining("StreamOutput"),
    });
  });

  test("answers NOT_FOUND after close", async () => {
    stub = createStubTransport();
    await stub.close();
    await stub[Symbol.asyncDispose]();
    const client = createClient(ProcessService, stub.transport);
    await expect(client.listProcesses({ parent: stub.parent })).rejects.toMatchObject({
      code: Code.NotFound,
    });
  });
});
