import { describe, expect, it } from "vitest";
import { Code, type FinishedProcess, ProcessFailedError } from "../../src/index.js";
import { CapturedOutput } from "../../src/model/captured-output.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";

function failure(exitCode: number | undefined, stderr: string, totalBytes = stderr.length) {
  const process: FinishedProcess = {
    name,
    command: "make",
    args: ["--token", "not-to-be-shown"],
    workingDirectory: "",
    environmentVariables: { SECRET: "not-to-be-shown" },
    secretEnvironmentVariables: {},
    state: "STATE_FAILED",
    exitCode,
    createTime: undefined,
    startTime: undefined,
    endTime: undefined,
  };
  const nothing = new CapturedOutput(new Uint8Array(0), new Uint8Array(0), 0);
  return new ProcessFailedError({
    process,
    exitCode,
    ok: false,
    stdout: nothing,
    stderr: new CapturedOutput(new TextEncoder().encode(stderr), new Uint8Array(0), totalBytes),
  });
}

describe("ProcessFailedError", () => {
  it("tells the process, its exit code and what it said on stderr", () => {
    const error = failure(2, "no rule to make target\n");
    expect(error.message).toBe(
      `process ${name} (make) failed with exit code 2: no rule to make target`,
    );
    expect(error).toMatchObject({ name: "ProcessFailedError", code: Code.Aborted });
    expect(error.result.exitCode).toBe(2);
  });

  it("tells the state where the server gave no exit code, and nothing of an empty stderr", () => {
    expect(failure(undefined, "").message).toBe(`process ${name} (make) failed with STATE_FAILED`);
  });

  it("shows the end of a long stderr only, even where its middle was not kept", () => {
    const { message } = failure(1, `${"x".repeat(5_000)}the reason`, 9_000);
    expect(message).toMatch(/xthe reason$/);
    expect(message.length).toBeLessThan(1_200);
  });

  it("shows neither arguments nor the environment in its message and stack", () => {
    const error = failure(1, "");
    expect(`${error.message}${error.stack}`).not.toContain("not-to-be-shown");
  });
});
