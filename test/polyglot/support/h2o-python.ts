import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { findPython } from "./find-python.js";
import { virtualEnvironment } from "./virtual-environment.js";

/** A Python with H2O's client installed, or why there is none. */
export type H2oPython = { readonly python: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    h2oPython: H2oPython;
  }
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Installs H2O's client once for all tests; where that cannot be, says so and lets them be. */
export function setup(project: TestProject): void {
  const found = prepare();
  if ("missing" in found) {
    console.warn(`\n!!! SKIPPED: H2O's Python client is not tested: ${found.missing}\n`);
  }
  project.provide("h2oPython", found);
}

function prepare(): H2oPython {
  const python = findPython();
  if (python === undefined) {
    return { missing: "there is no Python 3.10 or later in PATH" };
  }
  try {
    const cache = path("../../../node_modules/.cache/aiem-process-client/python");
    return { python: virtualEnvironment(python, path("../requirements.txt"), cache) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}
