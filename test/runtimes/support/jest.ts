import type { TestProject } from "vitest/node";
import { packagesFromRegistry } from "./from-registry.js";

/** The `node_modules` that Jest is installed in, or why there is none. */
export type Jest = { readonly modules: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    jest: Jest;
  }
}

/** Installs Jest once for all tests; where that cannot be, says so and lets it be. */
export function setup(project: TestProject): void {
  const jest = packagesFromRegistry("jest-30.5.2", ["jest@30.5.2"]);
  if ("missing" in jest) {
    console.warn(`\n!!! SKIPPED: the recipes for Jest are not tested: ${jest.missing}\n`);
  }
  project.provide("jest", jest);
}
