import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { madeOnce } from "../../support/made-once.js";
import { root, run } from "../../support/run-tool.js";

const cache = join(root, "node_modules/.cache/aiem-process-client/runtimes");

/** Installs a package of the npm registry once for all runs, and finds the program that it brings. */
export function fromRegistry(
  name: string,
  version: string,
  program = name,
): { program: string } | { missing: string } {
  const title = `${name.replace("/", "+")}-${version}`;
  const bin = (modules: string) => join(modules, ".bin", program);
  const installed = packagesFromRegistry(title, [`${name}@${version}`], (modules) =>
    check(bin(modules)),
  );
  return "missing" in installed ? installed : { program: bin(installed.modules) };
}

/**
 * Installs packages into a folder of the cache, once.
 *
 * @param check throws where they are of no use here.
 */
export function packagesFromRegistry(
  title: string,
  packages: readonly string[],
  check: (modules: string) => void = () => undefined,
): { modules: string } | { missing: string } {
  const folder = join(cache, title);
  try {
    madeOnce(folder, (making) => {
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"];
      run("npm", ["install", "--prefix", making, ...quiet, ...packages], { cwd: making });
      check(join(making, "node_modules"));
    });
    return { modules: join(folder, "node_modules") };
  } catch (error) {
    return { missing: reasonOf(error) };
  }
}

/** Why what comes from the registry is not there. */
export function reasonOf(error: unknown): string {
  // npm's first lines tell what was missing; those after it where its log is.
  const reason = error instanceof Error ? error.message : String(error);
  return reason.split("\n").slice(0, 2).join(" ");
}

/** Where npm runs no scripts of packages, or the platform has no build, there is no program. */
function check(program: string): void {
  const { status, error, stderr } = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`it does not run: ${error?.message ?? stderr.trim()}`);
  }
}
