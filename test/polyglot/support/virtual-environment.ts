import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { madeOnce } from "../../support/made-once.js";
import type { Python } from "./find-python.js";

/**
 * Makes a virtual environment with the packages of a requirements file, or takes the one that an
 * earlier run made of the same file with the same Python.
 *
 * @param cache the folder that keeps them
 * @returns its Python
 * @throws Error, telling what is missing, where pip, venv or the packages are.
 */
export function virtualEnvironment(python: Python, requirements: string, cache: string): string {
  const key = createHash("sha256").update(python.identity).update(readFileSync(requirements));
  const made = join(cache, key.digest("hex").slice(0, 16));
  madeOnce(made, (making) => install(python.command, requirements, making));
  return pythonOf(made);
}

function install(python: string, requirements: string, folder: string): void {
  // Without a pip of its own, which takes longer to install than the packages.
  run("python -m venv", python, ["-m", "venv", "--without-pip", folder]);
  const purelib = "import sysconfig; print(sysconfig.get_path('purelib'))";
  const target = run("python", pythonOf(folder), ["-c", purelib]).trim();
  run("pip install", python, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"],
    ...["--no-compile", "--retries", "1", "--timeout", "15"],
    ...["--target", target, "--requirement", requirements],
  ]);
}

function pythonOf(environment: string): string {
  return join(environment, "bin", "python");
}

function run(what: string, command: string, args: string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) {
    // pip's last line tells what was missing; those before it name the user's own index.
    const reason = error?.message ?? stderr.trim().split("\n").at(-1) ?? "";
    throw new Error(`${what} failed: ${reason}`);
  }
  return stdout;
}
