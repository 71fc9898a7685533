import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  createPending,
  ENGINE,
  makeEngine,
  makeEngines,
  NEVER,
  refusal,
  runToEnd,
  startNow,
  stdoutText,
} from "./support.js";

describe("the working directory", () => {
  it.each(["", "/", "/.", "//"])("is the engine's root for %j", async (workingDirectory) => {
    const engine = makeEngine();
    const process = await runToEnd(engine, { command: "pwd", workingDirectory });
    expect(await stdoutText(process)).toBe(`${engine.rootDirectory}\n`);
  });

  it("is a directory inside the root, reached by a link that stays inside as well", async () => {
    const engine = makeEngine();
    mkdirSync(join(engine.rootDirectory, "a/..b"), { recursive: true });
    symlinkSync("a/..b", join(engine.rootDirectory, "link"));
    for (const workingDirectory of ["/a/..b", "/link"]) {
      const process = await runToEnd(engine, { command: "pwd", args: ["-P"], workingDirectory });
      expect(await stdoutText(process)).toBe(`${engine.rootDirectory}/a/..b\n`);
    }
  });

  it("can be in a root directory of the caller's own, which is never removed", async () => {
    const rootDirectory = mkdtempSync(join(tmpdir(), "aiem-root-"));
    try {
      const engines = makeEngines();
      const engine = engines.create(ENGINE, { rootDirectory });
      expect(engine.rootDirectory).toBe(rootDirectory);
      mkdirSync(join(rootDirectory, "sub"));
      const process = await runToEnd(engine, { command: "pwd", workingDirectory: "/sub" });
      expect(await stdoutText(process)).toBe(`${rootDirectory}/sub\n`);
      await engines.close();
      mkdirSync(join(rootDirectory, "sub", "still-there"));
    } finally {
      rmSync(rootDirectory, { recursive: true });
    }
  });

  it.each(["tmp", "./a", "/..", "/a/../b", "/a\0"])("is refused as %j", async (path) => {
    const create = () => createPending(makeEngine(), { command: "pwd", workingDirectory: path });
    expect((await refusal(create)).code).toBe("InvalidArgument");
  });

  it("is refused where a link leads out of the root", async () => {
    const engine = makeEngine();
    symlinkSync("/", join(engine.rootDirectory, "out"));
    for (const workingDirectory of ["/out", "/out/usr"]) {
      const start = () => startNow(engine, { command: "pwd", workingDirectory });
      expect((await refusal(start)).code).toBe("InvalidArgument");
    }
  });

  it("is missed at the start, where it can still be made", async () => {
    const engine = makeEngine();
    const process = await createPending(engine, { command: "pwd", workingDirectory: "/later" });
    const { code, message } = await refusal(() => process.start());
    expect(code).toBe("FailedPrecondition");
    expect(message).toContain("/later");
    expect(process.state).toBe(Process_State.PENDING);
    mkdirSync(join(engine.rootDirectory, "later"));
    await process.start();
    await process.finished(NEVER);
    expect(process.state).toBe(Process_State.SUCCEEDED);
  });

  it("creates nothing where it is missing or a file, and the process was to start", async () => {
    const engine = makeEngine();
    writeFileSync(join(engine.rootDirectory, "file"), "");
    for (const workingDirectory of ["/missing", "/file", "/file/below"]) {
      const start = () => startNow(engine, { command: "pwd", workingDirectory });
      expect((await refusal(start)).code).toBe("FailedPrecondition");
    }
    expect(engine.listProcesses({ pageSize: 0, pageToken: "", filter: "" }).processes).toEqual([]);
  });
});
