import type { TestProject } from "vitest/node";
import { run } from "../../support/run-tool.js";
import { fromRegistry, reasonOf } from "./from-registry.js";

/** A package manager, or why there is none. */
export type PackageManager = { readonly title: string } & (
  | { readonly program: string; readonly registry: string }
  | { readonly missing: string }
);

declare module "vitest" {
  interface ProvidedContext {
    packageManagers: readonly PackageManager[];
  }
}

const PACKAGES: readonly [title: string, name: string, version: string, program: string][] = [
  ["pnpm", "pnpm", "10.34.8", "pnpm"],
  ["yarn 1", "yarn", "1.22.22", "yarn"],
  ["yarn 4", "@yarnpkg/cli-dist", "4.18.1", "yarn"],
];

/** npm is there, and brings the others once; without a registry there is nothing that they could do. */
export function setup(project: TestProject): void {
  const registry = registryThatAnswers();
  const found = PACKAGES.map(([title, name, version, program]) => ({
    title,
    ...("missing" in registry ? registry : fromRegistry(name, version, program)),
  }));
  const packageManagers = [{ title: "npm", program: "npm" }, ...found].map(
    (manager): PackageManager => {
      const whole = { ...manager, ...registry };
      if ("missing" in whole) {
        const { title, missing } = whole;
        console.warn(`\n!!! SKIPPED: ${title} is not tested: ${missing}\n`);
        return { title, missing };
      }
      return whole;
    },
  );
  project.provide("packageManagers", packageManagers);
}

/** Asked each time, because the packages that a user installs are not kept. */
function registryThatAnswers(): { registry: string } | { missing: string } {
  try {
    const name = "@bufbuild/protobuf";
    run("npm", ["view", name, "version", "--prefer-online", "--fetch-retries=1"]);
    return { registry: run("npm", ["config", "get", "registry"]).trim() };
  } catch (error) {
    return { missing: reasonOf(error) };
  }
}
