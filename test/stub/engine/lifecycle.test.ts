import { timestampMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  createPending,
  ENGINE,
  fixture,
  makeEngine,
  NEVER,
  refusal,
  runToEnd,
  sh,
  spec,
  startNow,
  untilStdout,
} from "./support.js";

describe("the life of a process", () => {
  it("goes from PENDING over RUNNING to SUCCEEDED, with a time for each step", async () => {
    const process = await createPending(makeEngine(), fixture("ticks.js", "2"));
    const pending = process.snapshot();
    expect(pending.state).toBe(Process_State.PENDING);
    expect(pending.startTime).toBeUndefined();
    expect(pending.exitCode).toBeUndefined();

    await process.start();
    const running = process.snapshot();
    expect(running.state).toBe(Process_State.RUNNING);
    expect(running.endTime).toBeUndefined();
    expect(running.exitCode).toBeUndefined();

    await process.finished(NEVER);
    const { state, exitCode, createTime, startTime, endTime } = process.snapshot();
    expect({ state, exitCode }).toEqual({ state: Process_State.SUCCEEDED, exitCode: 0 });
    if (!createTime || !startTime || !endTime) {
      throw new Error("a time is missing");
    }
    expect(timestampMs(startTime)).toBeGreaterThanOrEqual(timestampMs(createTime));
    expect(timestampMs(endTime)).toBeGreaterThan(timestampMs(startTime));
  });

  it("ends FAILED with the program's own exit code", async () => {
    const process = await runToEnd(makeEngine(), sh("exit 7"));
    expect(process.snapshot()).toMatchObject({ state: Process_State.FAILED, exitCode: 7 });
  });

  it("runs a process once, whether it has finished or not", async () => {
    const process = await startNow(makeEngine(), fixture("forever.js"));
    expect((await refusal(() => process.start())).code).toBe("FailedPrecondition");
    process.signal(9);
    await process.finished(NEVER);
    expect((await refusal(() => process.start())).code).toBe("FailedPrecondition");
  });

  it("starts a process once, however many starts come at the same time", async () => {
    const process = await createPending(makeEngine(), sh("echo once"));
    const starts = await Promise.allSettled([process.start(), process.start(), process.start()]);
    expect(starts.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  it("names a process by its id, or by a random one", async () => {
    const engine = makeEngine();
    const named = await engine.createProcess(spec({ command: "true" }), {
      processId: "my-1",
      autoRun: false,
    });
    expect(named.name).toBe(`${ENGINE}/processes/my-1`);
    expect(engine.getProcess(named.name)).toBe(named);
    const random = await createPending(engine, { command: "true" });
    expect(random.name).toMatch(/\/processes\/[0-9a-f-]{36}$/);
    expect((await refusal(() => engine.getProcess(`${ENGINE}/processes/other`))).code).toBe(
      "NotFound",
    );
  });

  it("gives a taken id to nobody, even while its process is being created", async () => {
    const engine = makeEngine();
    const create = () =>
      engine.createProcess(spec({ command: "true" }), { processId: "same", autoRun: true });
    const outcomes = await Promise.allSettled([create(), create()]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await refusal(create)).code).toBe("AlreadyExists");
    expect(engine.listProcesses({ pageSize: 0, pageToken: "", filter: "" }).processes).toHaveLength(
      1,
    );
  });

  it("hands out a fresh message each time, and keeps its own copy of the request", async () => {
    const request = spec({ command: "true", args: ["a"], environmentVariables: { A: "1" } });
    const process = await makeEngine().createProcess(request, { processId: "", autoRun: false });
    request.args.push("b");
    request.environmentVariables["A"] = "2";
    const first = process.snapshot();
    first.args.push("c");
    expect(process.snapshot()).toMatchObject({ args: ["a"], environmentVariables: { A: "1" } });
  });

  it("ignores the output-only fields of the request", async () => {
    const process = await createPending(makeEngine(), {
      command: "true",
      name: "workspaces/x/sandboxEngines/y/processes/z",
      state: Process_State.FAILED,
      exitCode: 3,
    });
    expect(process.snapshot()).toMatchObject({ name: process.name, state: Process_State.PENDING });
    expect(process.snapshot().exitCode).toBeUndefined();
  });

  it("lets any number wait for the end, and each of them leave", async () => {
    const process = await startNow(makeEngine(), fixture("forever.js"));
    const leaving = new AbortController();
    const left = process.finished(leaving.signal);
    const waiting = Promise.all([process.finished(NEVER), process.finished(NEVER)]);
    const reason = new Error("enough");
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    await expect(process.finished(leaving.signal)).rejects.toBe(reason);
    process.signal(9);
    await waiting;
    expect(process.state).toBe(Process_State.FAILED);
  });
});

describe("signals", () => {
  it.each([
    [15, 143],
    [9, 137],
    [1, 129],
    [34, 162],
    [64, 192],
  ])("tell a death by signal %i as FAILED with exit code %i", async (signal, exitCode) => {
    const process = await startNow(makeEngine(), { command: "sleep", args: ["1000"] });
    process.signal(signal);
    await process.finished(NEVER);
    expect(process.snapshot()).toMatchObject({ state: Process_State.FAILED, exitCode });
  });

  it("can be caught, and the program then ends as it likes", async () => {
    const process = await startNow(makeEngine(), fixture("ignore-sigterm.js"));
    await untilStdout(process, "ready");
    process.signal(15);
    await untilStdout(process, "no");
    expect(process.state).toBe(Process_State.RUNNING);
    process.signal(9);
    await process.finished(NEVER);
    expect(process.snapshot().exitCode).toBe(137);
  });

  it("are caught even where Node has no name for them", async () => {
    const process = await startNow(makeEngine(), {
      command: "bash",
      args: ["-c", "trap 'exit 0' RTMIN; echo ready; while :; do sleep 0.05; done"],
    });
    await untilStdout(process, "ready");
    process.signal(34);
    await process.finished(NEVER);
    expect(process.snapshot()).toMatchObject({ state: Process_State.SUCCEEDED, exitCode: 0 });
  });

  it.each([0, -9, 65, 1.5, Number.NaN])("refuse the number %s", async (number) => {
    const process = await startNow(makeEngine(), fixture("forever.js"));
    expect((await refusal(() => process.signal(number))).code).toBe("InvalidArgument");
  });

  it("are refused before the start and after the end", async () => {
    const process = await createPending(makeEngine(), { command: "true" });
    expect((await refusal(() => process.signal(15))).code).toBe("FailedPrecondition");
    await process.start();
    await process.finished(NEVER);
    expect((await refusal(() => process.signal(15))).code).toBe("FailedPrecondition");
  });
});
