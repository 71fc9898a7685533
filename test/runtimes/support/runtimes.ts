import type { TestProject } from "vitest/node";
import { fromRegistry, packagesFromRegistry } from "./from-registry.js";

/** A runtime, or why there is none. */
export type Runtime = { readonly title: string } & (
  | { readonly program: string; readonly args: readonly string[]; readonly isNode: boolean }
  | { readonly missing: string }
);

declare module "vitest" {
  interface ProvidedContext {
    runtimes: readonly Runtime[];
    /** The `node_modules` with OpenTelemetry's SDK 3, or why there is none. */
    openTelemetry: { readonly modules: string } | { readonly missing: string };
  }
}

/** Packages of the npm registry that bring a runtime. */
const PACKAGES: readonly [name: "node" | "bun" | "deno", version: string][] = [
  ["node", "22.23.3"],
  ["node", "24.21.0"],
  ["node", "26.10.0"],
  ["bun", "1.4.5"],
  ["deno", "2.9.6"],
];
// Of the API that goes with it. SDK 2, which Node.js 20 needs, is a dependency of the project.
const SDK_3 = [
  "@opentelemetry/api@1.10.0",
  "@opentelemetry/context-async-hooks@3.1.1",
  "@opentelemetry/core@3.1.1",
  "@opentelemetry/sdk-metrics@3.1.1",
  "@opentelemetry/sdk-trace@3.1.1",
];
const TITLES = { node: "Node.js", bun: "Bun", deno: "Deno" };

/** Installs each runtime once for all tests; where that cannot be, says so and lets it be. */
export function setup(project: TestProject): void {
  const runtimes = PACKAGES.map(([name, version]): Runtime => {
    const title = `${TITLES[name]} ${version}`;
    const found = fromRegistry(name, version);
    if ("missing" in found) {
      console.warn(`\n!!! SKIPPED: ${title} is not tested: ${found.missing}\n`);
      return { title, ...found };
    }
    const args = name === "deno" ? ["run", "--allow-all", "--quiet"] : [];
    return { title, ...found, args, isNode: name === "node" };
  });
  project.provide("runtimes", runtimes);
  const sdk = packagesFromRegistry("opentelemetry-sdk-3.1.1", SDK_3);
  if ("missing" in sdk) {
    console.warn(`\n!!! SKIPPED: OpenTelemetry's SDK 3 is not tested: ${sdk.missing}\n`);
  }
  project.provide("openTelemetry", sdk);
}
