import { describe, expect, it } from "vitest";
import { isFinished, type Process, type ProcessState } from "../../src/model/process.js";

function processIn(state: ProcessState, endTime?: Date): Process {
  return {
    name: "workspaces/w/sandboxEngines/e/processes/p",
    command: "true",
    args: [],
    workingDirectory: "",
    environmentVariables: {},
    secretEnvironmentVariables: {},
    state,
    exitCode: undefined,
    createTime: undefined,
    startTime: undefined,
    endTime,
  };
}

describe("isFinished", () => {
  it.each<[ProcessState, boolean]>([
    ["STATE_UNSPECIFIED", false],
    ["STATE_PENDING", false],
    ["STATE_RUNNING", false],
    ["STATE_SUCCEEDED", true],
    ["STATE_FAILED", true],
  ])("says of a process in %s: %s", (state, finished) => {
    expect(isFinished(processIn(state))).toBe(finished);
  });

  it("takes an end time for the end, whatever the state is called", () => {
    expect(isFinished(processIn("STATE_UNSPECIFIED", new Date(0)))).toBe(true);
  });

  it("narrows the type, so that a process that succeeded has an exit code", () => {
    const process: Process = { ...processIn("STATE_SUCCEEDED"), exitCode: 0 };
    if (!isFinished(process) || process.state !== "STATE_SUCCEEDED") {
      throw new Error("it has succeeded");
    }
    const exitCode: number | undefined = process.exitCode;
    expect(exitCode).toBe(0);
  });
});
