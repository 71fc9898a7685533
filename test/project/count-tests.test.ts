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
  return { status, lastLine: stdout.trimEnd().split("\n").at(-1) };
}

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe("the last line of a run", () => {
  it("counts the tests of a good run", () => {
    const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file("passed")] };
    expect(count(report, 0)).toEqual({ status: 0, lastLine: "3 passed, 0 failed" });
  });

  it("counts failed tests once, though the run that had them failed too", () => {
    const testResults = [file("failed", "passed", "failed", "failed")];
    const report = { numPassedTests: 1, numFailedTests: 2, testResults };
    expect(count(report, 1)).toEqual({ status: 1, lastLine: "1 passed, 2 failed" });
  });

  it("counts a test file that could not be loaded as a failure", () => {
    const report = { numPassedTests: 5, numFailedTests: 0, testResults: [file("failed")] };
    expect(count(report, 1)).toEqual({ status: 1, lastLine: "5 passed, 1 failed" });
  });

  it("counts a failed check as a failure, though every test passed", () => {
    const report = { numPassedTests: 5, numFailedTests: 0, testResults: [file("passed")] };
    expect(count(report, 1)).toEqual({ status: 1, lastLine: "5 passed, 1 failed" });
  });

  it("takes a run without tests, or without a report, for a failure", () => {
    const report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
    expect(count(undefined, 0)).toEqual({ status: 1, lastLine: "0 passed, 1 failed" });
    expect(count(report, 0)).toEqual({ status: 1, lastLine: "0 passed, 1 failed" });
  });
});
