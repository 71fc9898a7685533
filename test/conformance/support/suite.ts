import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { madeOnce } from "../../support/made-once.js";
import { root, run } from "../../support/run-tool.js";

/** Connect's conformance suite: its program, and the folder with its messages; or why there is none. */
export type Suite =
  | { readonly runner: string; readonly protos: string }
  | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    conformanceSuite: Suite;
  }
}

/** What the tests install and make. Also stands in the adaptors' tsconfig.json. */
export const cache = join(root, "node_modules/.cache/aiem-process-client/conformance");

const MODULE = "connectrpc.com/conformance";
const VERSION = "v1.0.7";

/** Installs the suite, once for all tests; where that cannot be, says so and lets them be. */
export function setup(project: TestProject): void {
  const suite = install();
  if ("missing" in suite) {
    console.warn(`\n!!! SKIPPED: Connect's conformance suite: ${suite.missing}\n`);
  }
  project.provide("conformanceSuite", suite);
}

function install(): Suite {
  try {
    run("go", ["version"]);
  } catch {
    return { missing: "there is no Go in PATH" };
  }
  const folder = join(cache, VERSION);
  try {
    madeOnce(folder, (making) => {
      run("go", ["install", `${MODULE}/cmd/connectconformance@${VERSION}`], {
        env: { GOBIN: making },
      });
    });
    const told: unknown = JSON.parse(
      run("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`]),
    );
    if (typeof told !== "object" || told === null || !("Dir" in told)) {
      throw new Error(`Go does not tell where it keeps ${MODULE}`);
    }
    return { runner: join(folder, "connectconformance"), protos: String(told.Dir) };
  } catch (error) {
    // Go's last line tells what was missing; those before it are its progress.
    const reason = error instanceof Error ? error.message : String(error);
    return { missing: reason.split("\n").at(-1) ?? "" };
  }
}
