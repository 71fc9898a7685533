import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** What an entry is bundled to. */
export type BundleFormat = "esm" | "cjs";

/** A file that needs no other one, alone in its folder. */
export interface Bundle {
  readonly file: string;
  remove(): void;
}

/**
 * Bundles a file, such as `src/stub/index.ts`, with all that it imports into one file, for a
 * program of its own: Node.js cannot read the sources.
 */
export async function bundle(entry: string, format: BundleFormat = "esm"): Promise<Bundle> {
  const directory = mkdtempSync(join(tmpdir(), "aiem-bundle-"));
  const input = fileURLToPath(new URL(`../../${entry}`, import.meta.url));
  const build = await rolldown({ input, platform: "node" });
  const file = join(directory, format === "esm" ? "bundle.mjs" : "bundle.cjs");
  await build.write({ file, format, codeSplitting: false });
  await build.close();
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
