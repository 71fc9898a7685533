import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputStream, Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { EngineState } from "../../../src/stub/engine/engine-options.js";
import {
  createPending,
  ENGINE,
  exists,
  fixture,
  followAll,
  isAlive,
  makeEngines,
  NEVER,
  NO_LIMIT,
  openFiles,
  refusal,
  sh,
  startNow,
  stdoutText,
  until,
  untilStdout,
} from "./support.js";

const FOLLOW = { skipReplay: false, signal: NEVER };

describe("engines", () => {
  it("are RUNNING and the default creator's, unless asked otherwise", () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    expect(engine).toMatchObject({ name: ENGINE, creator: "me", state: "STATE_RUNNING" });
    expect(engines.get(ENGINE)).toBe(engine);
    expect(engines.get("workspaces/w/sandboxEngines/other")).toBeUndefined();
    const other = engines.create("workspaces/w/sandboxEngines/other", {
      creator: "you",
      state: "STATE_STARTING",
    });
    expect(other).toMatchObject({ creator: "you", state: "STATE_STARTING" });
  });

  it("need a good name that is not taken, and a root directory that exists", () => {
    const engines = makeEngines();
    engines.create(ENGINE);
    expect(() => engines.create(ENGINE)).toThrow(TypeError);
    expect(() => engines.create("engine")).toThrow(TypeError);
    expect(() =>
      engines.create("workspaces/w/sandboxEngines/f", { rootDirectory: "/no/such/directory" }),
    ).toThrow(/\/no\/such\/directory/);
  });

  it("open for their creator only, and look to others as if they were not there", async () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    expect(engines.open(ENGINE, "me")).toBe(engine);
    const foreign = await refusal(() => engines.open(ENGINE, "you"));
    await engines.delete(ENGINE);
    expect(foreign).toEqual(await refusal(() => engines.open(ENGINE, "you")));
    expect(foreign.code).toBe("NotFound");
  });

  it.each<EngineState>([
    "STATE_STARTING",
    "STATE_TERMINATING",
    "STATE_TERMINATED",
    "STATE_FAILED",
    "STATE_DELETING",
  ])("do not open in %s", async (state) => {
    const engines = makeEngines();
    engines.create(ENGINE, { state });
    const { code, message } = await refusal(() => engines.open(ENGINE, "me"));
    expect(code).toBe("FailedPrecondition");
    expect(message).toContain("is not in running state");
    await engines.setState(ENGINE, "STATE_RUNNING");
    expect(engines.open(ENGINE, "me").state).toBe("STATE_RUNNING");
  });

  it("kill their processes when they leave RUNNING, and keep them", async () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    const running = await startNow(engine, fixture("wait-for-grandchild.sh"));
    await untilStdout(running, "\n");
    const pending = await createPending(engine, { command: "true" });
    const following = followAll(running);
    const starting = startNow(engine, fixture("forever.js")).catch(() => undefined);
    await engines.setState(ENGINE, "STATE_TERMINATED");
    expect(running.snapshot()).toMatchObject({ state: Process_State.FAILED, exitCode: 137 });
    expect(await following).toHaveLength(1);
    const pid = Number(await stdoutText(running));
    await until(() => !isAlive(pid));
    expect((await starting)?.state ?? Process_State.FAILED).toBe(Process_State.FAILED);
    expect((await refusal(() => pending.start())).message).toContain("not in running state");
    await engines.setState(ENGINE, "STATE_RUNNING");
    await pending.start();
    await pending.finished(NEVER);
    expect(pending.state).toBe(Process_State.SUCCEEDED);
  });

  it("wake waiters, followers and readers with NOT_FOUND when they are deleted", async () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    const running = await startNow(engine, fixture("forever.js"));
    await untilStdout(running, "ready");
    const pending = await createPending(engine, { command: "true" });
    const stalled = running.follow(FOLLOW)[Symbol.asyncIterator]();
    await stalled.next();
    const waking = [running, pending].flatMap((process) => [
      refusal(() => process.finished(NEVER)),
      refusal(() => followAll(process)),
    ]);
    await engines.delete(ENGINE);
    expect(engines.get(ENGINE)).toBeUndefined();
    const late = [
      refusal(() => stalled.next()),
      refusal(() => running.readOutput(OutputStream.STDOUT, NO_LIMIT)),
      refusal(() => running.readFrames(NO_LIMIT)),
      refusal(() => running.signal(15)),
      refusal(() => pending.start()),
    ];
    for (const { code } of await Promise.all([...waking, ...late])) {
      expect(code).toBe("NotFound");
    }
    expect(exists(engine.rootDirectory)).toBe(false);
    expect((await refusal(() => engines.delete(ENGINE))).code).toBe("NotFound");
  });

  it("can be made anew under a deleted one's name, empty", async () => {
    const engines = makeEngines();
    await createPending(engines.create(ENGINE), { command: "true" });
    await engines.delete(ENGINE);
    const again = engines.create(ENGINE);
    expect(again.listProcesses({ pageSize: 0, pageToken: "", filter: "" }).processes).toEqual([]);
  });
});

describe("closing engines", () => {
  it("leaves no child, file, FIFO or directory, whatever was going on", async () => {
    const temporary = mkdtempSync(join(tmpdir(), "aiem-close-"));
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = temporary;
    try {
      const filesBefore = openFiles();
      const engines = makeEngines();
      const engine = engines.create(ENGINE);
      expect(engine.rootDirectory.startsWith(temporary)).toBe(true);
      const running = await startNow(engine, fixture("ignore-sigterm.js"));
      await untilStdout(running, "ready");
      const writing = await startNow(engine, sh("echo $$; yes"));
      await untilStdout(writing, "y\n");
      const pid = Number(
        (
          await writing
            .follow(FOLLOW)
            [Symbol.asyncIterator]()
            .next()
            .then(({ value }) => Buffer.from(value.data).toString())
        ).split("\n")[0],
      );
      const stalled = writing.follow(FOLLOW)[Symbol.asyncIterator]();
      await stalled.next();
      const waiting = refusal(() => running.finished(NEVER));
      const starting = startNow(engine, fixture("forever.js")).catch(() => undefined);
      expect(isAlive(pid)).toBe(true);
      await engines.close();
      await engines.close();
      await starting;
      expect((await waiting).code).toBe("NotFound");
      expect(isAlive(pid)).toBe(false);
      expect(readdirSync(temporary)).toEqual([]);
      await until(() => openFiles() === filesBefore);
      expect(() => engines.create(ENGINE)).toThrow("closed");
    } finally {
      if (before === undefined) {
        delete process.env["TMPDIR"];
      } else {
        process.env["TMPDIR"] = before;
      }
      rmSync(temporary, { recursive: true, force: true });
    }
  });

  it("waits for a deletion that is under way", async () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    await startNow(engine, fixture("forever.js"));
    const deletion = engines.delete(ENGINE);
    await engines.close();
    expect(exists(engine.rootDirectory)).toBe(false);
    await deletion;
  });
});
