import { describe, expect, it } from "vitest";
import { Code, isFinished, type Process, WaitTimeoutError } from "../../src/index.js";
import { CapturedOutput } from "../../src/model/captured-output.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";
const process: Process = {
  name,
  command: "sleep",
  args: [],
  workingDirectory: "",
  environmentVariables: { SECRET: "not-to-be-shown" },
  secretEnvironmentVariables: {},
  state: "STATE_RUNNING",
  exitCode: undefined,
  createTime: undefined,
  startTime: undefined,
  endTime: undefined,
};

describe("WaitTimeoutError", () => {
  it("tells the process, the limit and the state that it was last seen in", () => {
    const error = new WaitTimeoutError(name, process, 1_500);
    expect(error.message).toBe(
      `process ${name} did not reach final state within 1.5 s: its state is STATE_RUNNING`,
    );
    expect(error).toMatchObject({
      name: "WaitTimeoutError",
      code: Code.DeadlineExceeded,
      timeoutMs: 1_500,
      process,
    });
    expect(error.output).toBeUndefined();
  });

  it("says of a process that is pending that it was never started, unless runProcess made it", () => {
    const pending = { ...process, state: "STATE_PENDING" } as const;
    const message = `process ${name} did not reach final state within 1 s: its state is STATE_PENDING`;
    expect(new WaitTimeoutError(name, pending, 1_000).message).toBe(
      `${message}, it was never started: call startProcess, or create it with autoRun: true`,
    );
    const stdout = new CapturedOutput(new Uint8Array(0), new Uint8Array(0), 0);
    const output = { stdout, stderr: stdout };
    expect(new WaitTimeoutError(name, pending, 1_000, { output }).message).toBe(message);
  });

  it("says so where the server never answered", () => {
    const error = new WaitTimeoutError(name, undefined, 0);
    expect(error.message).toBe(
      `process ${name} did not reach final state within 0 s: its state is not known`,
    );
    expect(error.process).toBeUndefined();
  });

  it("tells a process that it ended from one whose output came too late", () => {
    const finished = { ...process, state: "STATE_SUCCEEDED", exitCode: 0 } as const;
    expect(new WaitTimeoutError(name, finished, 10, { terminated: true }).message).toBe(
      `process ${name} did not reach final state within 0.01 s and was terminated: its state is now STATE_SUCCEEDED`,
    );
    expect(new WaitTimeoutError(name, finished, 10).message).toBe(
      `process ${name} is in final state STATE_SUCCEEDED, but its output was not taken within 0.01 s`,
    );
  });

  it("carries the output so far and the cause", () => {
    const cause = new Error("connection lost");
    const stdout = new CapturedOutput(new Uint8Array([0x61]), new Uint8Array(0), 1);
    const output = { stdout, stderr: stdout };
    const error = new WaitTimeoutError(name, process, 10, { cause, output });
    expect(error.cause).toBe(cause);
    expect(error.output?.stdout.text()).toBe("a");
  });

  it("shows nothing of the environment in its message and stack", () => {
    const error = new WaitTimeoutError(name, process, 10);
    expect(`${error.message}${error.stack}`).not.toContain("not-to-be-shown");
  });

  it("lets its caller see that the process goes on", () => {
    const { process: last } = new WaitTimeoutError(name, process, 10);
    expect(last && isFinished(last)).toBe(false);
  });
});
