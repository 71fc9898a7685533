/**
 * Prints `N passed, N failed` from Vitest's JSON report, and fails unless all is well.
 *
 * Usage: node scripts/count-tests.mjs REPORT PROBLEMS, where PROBLEMS is the number of failed parts
 * of the run, the tests' own included. They count as one failure each, unless tests failed anyway,
 * so that a run which could not start its tests never looks like a success.
 */
import { readFileSync } from "node:fs";

const [path = "", problems = "0"] = process.argv.slice(2);
const { passed, failed } = counts(path);
const total = Math.max(failed, Number(problems));
process.exitCode = total === 0 && passed > 0 ? 0 : 1;
console.log(`${passed} passed, ${passed === 0 ? Math.max(total, 1) : total} failed`);

/** @param {string} report */
function counts(report) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    nameSecondTries(testResults);
    nameSkipped(testResults);
    return { passed: numPassedTests, failed: numFailedTests + brokenFiles(testResults) };
  } catch (error) {
    console.error(`No test report: ${error instanceof Error ? error.message : String(error)}`);
    return { passed: 0, failed: 1 };
  }
}

/**
 * Test files that failed as a whole, for example because an import did: Vitest counts none of
 * their tests.
 *
 * @param {{ status: string, assertionResults: { status: string }[] }[]} files
 */
function brokenFiles(files) {
  return files.filter(
    ({ status, assertionResults }) =>
      status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
}

/**
 * Tests that failed once and passed when tried again: they are told, so that somebody mends them.
 *
 * @param {{ assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[]} files
 */
function nameSecondTries(files) {
  for (const { status, fullName, failureMessages } of files.flatMap((f) => f.assertionResults)) {
    if (status === "passed" && failureMessages.length > 0) {
      console.log(`passed at the second try: ${fullName}: ${failureMessages[0]}`);
    }
  }
}

/**
 * Tests that were not run are no failure, but nobody shall take them for passed.
 *
 * @param {{ assertionResults: { status: string, fullName: string, ancestorTitles: string[] }[] }[]} files
 */
function nameSkipped(files) {
  /** @type {Map<string, number>} */
  const skipped = new Map();
  for (const { status, fullName, ancestorTitles } of files.flatMap((f) => f.assertionResults)) {
    if (status === "skipped" || status === "pending") {
      const group = ancestorTitles[0] ?? fullName;
      skipped.set(group, (skipped.get(group) ?? 0) + 1);
    }
  }
  for (const [group, count] of skipped) {
    console.log(`SKIPPED: ${count} tests: ${group}`);
  }
}
