import { chmodSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { makeEngine, openFiles, runToEnd, stderrText } from "./support.js";

describe("a command that cannot be executed", () => {
  it("fails its process with exit code 127 and the reason where it is not found", async () => {
    const process = await runToEnd(makeEngine(), { command: "no-such-command-here" });
    const { state, exitCode, startTime, endTime } = process.snapshot();
    expect({ state, exitCode }).toEqual({ state: Process_State.FAILED, exitCode: 127 });
    expect(startTime).toBeDefined();
    expect(endTime).toBeDefined();
    expect(await stderrText(process)).toBe("no-such-command-here: command not found\n");
  });

  it("fails its process with exit code 126 and the reason where it is not executable", async () => {
    const engine = makeEngine();
    const path = join(engine.rootDirectory, "data");
    writeFileSync(path, "no program");
    chmodSync(path, 0o600);
    const process = await runToEnd(engine, { command: path });
    expect(process.snapshot()).toMatchObject({ state: Process_State.FAILED, exitCode: 126 });
    expect(await stderrText(process)).toBe(`${path}: permission denied\n`);
  });

  it.each([
    ["#!/no/such/interpreter -x\necho hello\n", "/no/such/interpreter"],
    ["#!/bin/sh\r\necho hello\r\n", "/bin/sh\\r"],
  ])(
    "fails its process with exit code 126 where its interpreter is missing: %j",
    async (...row) => {
      const [script, shown] = row;
      const engine = makeEngine();
      const path = join(engine.rootDirectory, "broken-script");
      writeFileSync(path, script, { mode: 0o700 });
      const inPath = {
        command: "broken-script",
        environmentVariables: { PATH: `/bin:${dirname(path)}` },
      };
      for (const spec of [{ command: path }, { command: "./broken-script" }, inPath]) {
        const process = await runToEnd(engine, spec);
        expect(process.snapshot()).toMatchObject({ state: Process_State.FAILED, exitCode: 126 });
        const reason = `${shown}: bad interpreter: no such file or directory`;
        expect(await stderrText(process)).toBe(`${spec.command}: ${reason}\n`);
      }
    },
  );

  it("fails its process with exit code 126 where the arguments are too long", async () => {
    const process = await runToEnd(makeEngine(), {
      command: "true",
      args: ["x".repeat(200_000)],
    });
    expect(process.snapshot().exitCode).toBe(126);
    expect(await stderrText(process)).toBe("true: argument list too long\n");
  });

  it("is looked up in the PATH of the process", async () => {
    const process = await runToEnd(makeEngine(), {
      command: "true",
      environmentVariables: { PATH: "/nowhere" },
    });
    expect(process.snapshot().exitCode).toBe(127);
  });

  it("leaves no file open", async () => {
    const engine = makeEngine();
    await runToEnd(engine, { command: "true" });
    const before = openFiles();
    await runToEnd(engine, { command: "no-such-command-here" });
    expect(openFiles()).toBe(before);
  });
});
