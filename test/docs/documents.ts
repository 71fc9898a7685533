import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A document for the project's users. */
export interface UserDocument {
  /** Its path in the repository. */
  readonly path: string;
  readonly markdown: string;
}

/** Reads a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** README.md and what it links to. */
export function userDocuments(): UserDocument[] {
  const depth = readdirSync(join(ROOT, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`);
  return ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...depth.sort()].map((path) => ({
    path,
    markdown: readText(path),
  }));
}

/** The READMEs of the examples in other languages. */
export function exampleReadmes(): UserDocument[] {
  const folders = readdirSync(join(ROOT, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}`);
  return ["examples", ...folders]
    .map((folder) => `${folder}/README.md`)
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, markdown: readText(path) }));
}
