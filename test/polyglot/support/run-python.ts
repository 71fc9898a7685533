import { fileURLToPath } from "node:url";
import { type ProgramRun, runToEnd } from "../../support/run-to-end.js";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Runs a program with the modules of `test/polyglot/python`, and with nothing of this process's
 * environment that Python or H2O's client would read.
 *
 * @param args such as the path of a file, or `-c` and a text
 */
export function runPython(
  python: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramRun> {
  return runToEnd(python, args, {
    env: {
      PATH: process.env["PATH"],
      // Neither the user's H2O CLI nor a proxy has a part in this.
      HOME: path("../python"),
      NO_PROXY: "*",
      // Far from UTC, so that a time read without its zone is hours off.
      TZ: "FAR-5:30",
      PYTHONPATH: path("../python"),
      PYTHONPYCACHEPREFIX: path("../../../node_modules/.cache/aiem-process-client/pycache"),
      PYTHONUTF8: "1",
      ...env,
    },
    // A scenario gives up by itself before; this is for one that cannot.
    maxMs: 28_000,
  });
}
