import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The bundled command line, which Node.js runs. */
    cli: string;
  }
}

/** Bundles the command line once, beside the working tree's dist, which others may be using. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "aiem-cli-"));
  const script = fileURLToPath(new URL("../../../scripts/bundle-cli.mjs", import.meta.url));
  execFileSync(process.execPath, [script, folder], { stdio: "inherit" });
  project.provide("cli", join(folder, "aiem-process.js"));
  return () => rmSync(folder, { recursive: true, force: true });
}
