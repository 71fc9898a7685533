import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "aiem-count-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function count(report: unknown, problems: number) {
  const path = join(folder, "report.json");
  if (report !== undefined) {
    writeFileSync(path, JSON.stringify(report));
  }
  const args = ["scripts/count-tests.mjs", path, String(problems)];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");
  return { status, lastLine: lines.at(-1), before: lines.slice(0, -1) };
}

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test, fullName: "it", failureMessages: [] })),
});

describe("the last line of a run", () => {
  it("counts the tests of a good run", () => {
    const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file("passed")] };
    expect(count(report, 0)).toMatchObject({ status: 0, lastLine: "3 passed, 0 failed" });
  });

  it("counts failed tests once, though the run that had them failed too", () => {
    const testResults = [file("failed", "passed", "failed", "failed")];
    const report = { numPassedTests: 1, numFailedTests: 2, testResults };
    expect(count(report, 1)).toMatchObject({ status: 1, lastLine: "1 passed, 2 failed" });
  });

  it("comes after the tests that passed at their second try only", () => {
    const [first, second] = file("passed", "passed", "passed").assertionResults;
    const retried = { ...second, failureMessages: ["too slow"] };
    const testResults = [{ status: "passed", assertionResults: [first, retried] }];
    expect(count({ numPassedTests: 2, numFailedTests: 0, testResults }, 0)).toEqual({
      status: 0,
      lastLine: "2 passed, 0 failed",
      before: ["passed at the second try: it: too slow"],
    });
  });

  it("comes after what was skipped, which is no failure", () => {
    const skipped = {
      ...file("passed", "skipped").assertionResults[0],
      ancestorTitles: ["Python"],
    };
    const testResults = [{ status: "passed", assertionResults: [skipped, skipped] }];
    expect(count({ numPassedTests: 1, numFailedTests: 0, testResults }, 0)).toEqual({
      status: 0,
      lastLine: "1 passed, 0 failed",
      before: ["SKIPPED: 2 tests: Python"],
    });
  });

  it("counts a test file that could not be loaded as a failure", () => {
    const report = { numPassedTests: 5, numFailedTests: 0, testResults: [file("failed")] };
    expect(count(report, 1)).toMatchObject({ status: 1, lastLine: "5 passed, 1 failed" });
  });

  it("counts a failed check as a failure, though every test passed", () => {
    const report = { numPassedTests: 5, numFailedTests: 0, testResults: [file("passed")] };
    expect(count(report, 1)).toMatchObject({ status: 1, lastLine: "5 passed, 1 failed" });
  });

  it("takes a run without tests, or without a report, for a failure", () => {
    const report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
    expect(count(undefined, 0)).toMatchObject({ status: 1, lastLine: "0 passed, 1 failed" });
    expect(count(report, 0)).toMatchObject({ status: 1, lastLine: "0 passed, 1 failed" });
  });
});
