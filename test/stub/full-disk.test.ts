import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OutputLimitError, ProcessClient } from "../../src/index.js";
import { createStubTransport, startStubServer } from "../../src/stub/index.js";
import { shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";

describe("a spool that is full", () => {
  it.each(["grpc", "connect", "rest"] as const)(
    "is told to runProcess at once over %s, with the output so far, and ends the writer",
    async (protocol) => {
      await using stub = await startStubServer({ maxSpoolBytes: 100_000 });
      await using client = new ProcessClient(stub.connection, { protocol });
      const running = client.runProcess(stub.parent, { command: "yes" }, { processId: "p" });
      const error = await rejection(running);
      expect(error).toBeInstanceOf(OutputLimitError);
      expect(error).toMatchObject({
        code: Code.ResourceExhausted,
        message: expect.stringContaining("100000 bytes (maxSpoolBytes)"),
        process: { name: `${stub.parent}/processes/p`, state: "STATE_RUNNING" },
        output: { stdout: { totalBytes: 100_000 }, stderr: { totalBytes: 0 } },
      });
      const name = `${stub.parent}/processes/p`;
      expect(await client.waitProcess(name)).toMatchObject({ exitCode: 141 });
      const later = await rejection(client.readOutput(name));
      expect(later).toMatchObject({ code: Code.ResourceExhausted });
    },
  );
});

describe("a disk that takes no more", () => {
  it("is told to followers when it happens, and ends the writer", async () => {
    await using stub = createStubTransport();
    await using client = new ProcessClient({ transport: stub.transport });
    const root = stub.engines.get(stub.parent)?.rootDirectory ?? "";
    // A file in place of the spools' directory: a disk that is full needs rights of its own.
    writeFileSync(join(dirname(dirname(root)), "spools"), "");
    const { name } = await client.createProcess(
      stub.parent,
      shell("printf kept; until [ -e go ]; do sleep 0.02; done; yes"),
      { autoRun: true },
    );
    let received = "";
    const error = await rejection(
      (async () => {
        for await (const { data } of client.streamOutput(name)) {
          received += Buffer.from(data).toString();
          mkdirSync(join(root, "go"), { recursive: true });
        }
      })(),
    );
    expect(received).toBe("kept");
    expect(error).toMatchObject({
      code: Code.ResourceExhausted,
      message: expect.stringContaining("could not store the output"),
    });
    expect(await client.waitProcess(name)).toMatchObject({ exitCode: 141 });
    expect(await rejection(client.readOutput(name))).toMatchObject({
      code: Code.ResourceExhausted,
    });
  });
});
