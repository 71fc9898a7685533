import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import { rejection } from "../../support/rejection.js";

const LONG = 70_000;

describe.each(["grpc", "connect", "rest"] as const)("a long value over %s", (protocol) => {
  it.each([
    ["a working directory", { command: "true", workingDirectory: `/${"x".repeat(LONG)}` }],
    [
      "a secret's name",
      {
        command: "true",
        secretEnvironmentVariables: {
          A: { secretVersion: `workspaces/w/secrets/${"x".repeat(LONG)}/versions/1` },
        },
      },
    ],
  ])("is told by its beginning where it is %s", async (_what, spec) => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection, { protocol });
    const created = client.createProcess(stub.parent, spec, { autoRun: true });
    const error = await rejection(created);
    expect([Code.InvalidArgument, Code.FailedPrecondition]).toContain(
      Reflect.get(Object(error), "code"),
    );
    expect(String(error)).toContain("xxxx");
    expect(String(error).length).toBeLessThan(1_000);
  });
});
