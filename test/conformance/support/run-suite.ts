import { fileURLToPath } from "node:url";
import { runToEnd } from "../../support/run-to-end.js";

/** What is tested: `client` sends calls to the suite's servers, `server` is called by its clients. */
export type Mode = "client" | "server";

/** How a run of the suite ended. */
export interface SuiteRun {
  readonly exitCode: number | null;
  /** Each failed case with its reason, and the counts. */
  readonly report: string;
  readonly passed: number;
  readonly failed: number;
  /** How many cases failed that are known to. */
  readonly known: number;
}

const folder = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs the cases of the suite that `config/<mode>-<protocol>.yaml` selects. Those that
 * `known-failing/<mode>-<protocol>.txt` names have to fail.
 *
 * @param runner the program of the suite
 * @param programs the folder with ours
 * @param maxMs after how long it is given up, in milliseconds
 */
export async function runSuite(
  mode: Mode,
  protocol: string,
  { runner, programs }: { readonly runner: string; readonly programs: string },
  maxMs: number,
): Promise<SuiteRun> {
  const args = [
    ...["--mode", mode],
    ...["--conf", `${folder}config/${mode}-${protocol}.yaml`],
    ...["--known-failing", `@${folder}known-failing/${mode}-${protocol}.txt`],
    ...["--", process.execPath, `${programs}/${mode}.js`],
  ];
  const { exitCode, stdout, stderr } = await runToEnd(runner, args, { maxMs });
  const report = stdout + stderr;
  const [, passed = 0, failed = 0] = /^(\d+) passed, (\d+) failed$/m.exec(report) ?? [];
  const [, known = 0] = /^\(Another (\d+) failed as expected/m.exec(report) ?? [];
  return {
    exitCode,
    report,
    passed: Number(passed),
    failed: Number(failed),
    known: Number(known),
  };
}
