import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { madeOnce } from "../../support/made-once.js";
import { root, run } from "../../support/run-tool.js";

/** A folder in which Jest is installed, or why there is none. */
export type Jest = { readonly folder: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    jest: Jest;
  }
}

const JEST = "jest@30.5.2";
const cache = join(root, "node_modules/.cache/aiem-process-client/runners");

/** Installs Jest once for all tests; where that cannot be, says so and lets it be. */
export function setup(project: TestProject): void {
  const jest = install();
  if ("missing" in jest) {
    console.warn(`\n!!! SKIPPED: the recipes for Jest are not tested: ${jest.missing}\n`);
  }
  project.provide("jest", jest);
}

function install(): Jest {
  const folder = join(cache, JEST);
  try {
    madeOnce(folder, (making) => {
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"];
      run("npm", ["install", "--prefix", making, ...quiet, JEST], { cwd: making });
    });
    return { folder };
  } catch (error) {
    // npm's first lines tell what was missing; those after it where its log is.
    const reason = error instanceof Error ? error.message : String(error);
    return { missing: reason.split("\n").slice(0, 2).join(" ") };
  }
}
