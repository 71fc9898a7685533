import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

/** What the tests of the tarball get to know. */
export interface PackedPackage {
  /** A folder of a user who has installed the tarball. */
  readonly consumer: string;
  /** The tarball's files, as npm lists them. */
  readonly files: readonly string[];
}

declare module "vitest" {
  interface ProvidedContext {
    packed: PackedPackage;
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Packs the project once and installs the tarball as `npm install` would, but without a registry:
 * the dependencies are links to those of the project.
 */
export function setup(project: TestProject): () => void {
  const consumer = mkdtempSync(join(tmpdir(), "aiem-package-"));
  project.provide("packed", { consumer, files: install(consumer) });
  return () => rmSync(consumer, { recursive: true, force: true });
}

function install(consumer: string): string[] {
  const [tarball] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", consumer], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  const target = join(consumer, "node_modules", "aiem-process-client");
  mkdirSync(target, { recursive: true });
  execFileSync("tar", [
    "--extract",
    "--file",
    join(consumer, tarball.filename),
    "--directory",
    target,
    "--strip-components=1",
  ]);
  const { dependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    const link = join(consumer, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  cpSync(join(root, "test", "package", "consumer"), consumer, { recursive: true });
  cpSync(join(root, "examples"), join(consumer, "examples"), { recursive: true });
  return tarball.files.map((file: { path: string }) => file.path).sort();
}
