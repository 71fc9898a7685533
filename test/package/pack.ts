import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

/** What the tests of the tarball get to know. */
export interface PackedPackage {
  /** A folder of a user who has installed the tarball. */
  readonly consumer: string;
  /** The path of the tarball. */
  readonly tarball: string;
  /** The tarball's files, as npm lists them. */
  readonly files: readonly string[];
  /** The size of the tarball in bytes. */
  readonly size: number;
  /** When the working tree's dist was made, before the packing; undefined where there was none. */
  readonly distMade: number | undefined;
}

declare module "vitest" {
  interface ProvidedContext {
    packed: PackedPackage;
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));
// What a fresh clone and `npm ci` do not have, or not in this place; and the examples, where other
// languages' tools leave what is large, and of which nothing is packed.
const NOT_COPIED = new Set([".git", "dist", "node_modules", "examples"]);

/**
 * Packs the project once and installs the tarball as `npm install` would, but without a registry:
 * the dependencies are links to those of the project.
 */
export function setup(project: TestProject): () => void {
  const consumer = mkdtempSync(join(tmpdir(), "aiem-package-"));
  const distMade = madeAt(join(root, "dist"));
  project.provide("packed", { consumer, ...install(consumer), distMade });
  return () => rmSync(consumer, { recursive: true, force: true });
}

/** When a file or directory was made; undefined where there is none. */
export function madeAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.birthtimeMs;
}

/** What npm tells of a tarball. */
interface Tarball {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs a copy, because packing deletes dist and builds it anew, which others may be using. */
function pack(destination: string): Tarball {
  const copy = mkdtempSync(join(tmpdir(), "aiem-pack-"));
  try {
    const filter = (path: string) => !NOT_COPIED.has(relative(root, path));
    cpSync(root, copy, { recursive: true, filter });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const [tarball]: [Tarball] = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--pack-destination", destination], {
        cwd: copy,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    return tarball;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function install(consumer: string): Pick<PackedPackage, "tarball" | "files" | "size"> {
  const tarball = pack(consumer);
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
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  // The optional peer, and the SDK that a user of it has.
  const peers = Object.keys(devDependencies).filter((name) => name.startsWith("@opentelemetry/"));
  for (const name of [...Object.keys(dependencies), ...peers, "@types/node"]) {
    const link = join(consumer, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  cpSync(join(root, "test", "package", "consumer"), consumer, { recursive: true });
  const examples = join(root, "examples");
  const filter = (path: string) => path === examples || path.endsWith(".mjs");
  cpSync(examples, join(consumer, "examples"), { recursive: true, filter });
  return {
    tarball: join(consumer, tarball.filename),
    files: tarball.files.map(({ path }) => path).sort(),
    size: tarball.size,
  };
}
