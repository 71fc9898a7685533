import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** How a program ended. */
export interface PythonRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Runs a program with the modules of `test/polyglot/python`, and with nothing of this process's
 * environment that Python or H2O's client would read.
 *
 * @param args such as the path of a file, or `-c` and a text
 */
export async function runPython(
  python: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<PythonRun> {
  const child = spawn(python, args, {
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
    stdio: ["ignore", "pipe", "pipe"],
    // A scenario gives up by itself before; this is for one that cannot.
    timeout: 28_000,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const [exitCode, stdout, stderr] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { exitCode, stdout, stderr };
}
