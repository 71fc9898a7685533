import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "../../support/run-tool.js";

/** The API reference as it was made, or why it was not. */
export type Reference =
  | { readonly folder: string; readonly exitCode: number | null; readonly said: string }
  | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    reference: Reference;
  }
}

const NOT_INSTALLED = 69;

/** Makes the reference; where its generator cannot be installed, says so and lets it be. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "aiem-reference-"));
  const program = join(root, "scripts/reference/generate.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, folder], {
    encoding: "utf8",
  });
  if (status === NOT_INSTALLED) {
    const missing = stderr.trim().split("\n").at(-1) ?? "";
    console.warn(`\n!!! SKIPPED: the API reference is not tested: ${missing}\n`);
    project.provide("reference", { missing });
  } else {
    project.provide("reference", { folder, exitCode: status, said: `${stdout}${stderr}` });
  }
  return () => rmSync(folder, { recursive: true, force: true });
}
