import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { madeOnce } from "../../support/made-once.js";
import { root, run } from "../../support/run-tool.js";

/** The program of `test/polyglot/go-server`, or why there is none. */
export type GrpcGo = { readonly server: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    grpcGo: GrpcGo;
  }
}

const source = join(root, "test/polyglot/go-server");
const cache = join(root, "node_modules/.cache/aiem-process-client/go-server");

/** Compiles the server once for all tests; where that cannot be, says so and lets them be. */
export function setup(project: TestProject): void {
  const found = prepare();
  if ("missing" in found) {
    console.warn(`\n!!! SKIPPED: the server on grpc-go is not tested: ${found.missing}\n`);
  }
  project.provide("grpcGo", found);
}

function prepare(): GrpcGo {
  try {
    run("go", ["version"]);
  } catch {
    return { missing: "there is no Go in PATH" };
  }
  try {
    const made = join(cache, keyOf(source));
    madeOnce(made, compile);
    return { server: join(made, "server") };
  } catch (error) {
    // Go's last line tells what was missing; those before it are its progress.
    const reason = error instanceof Error ? error.message : String(error);
    return { missing: reason.split("\n").at(-1) ?? "" };
  }
}

function keyOf(folder: string): string {
  const key = createHash("sha256");
  for (const file of readdirSync(folder).sort()) {
    key.update(file).update(readFileSync(join(folder, file)));
  }
  return key.digest("hex").slice(0, 16);
}

/** Makes `server` in this folder, from the source. */
function compile(folder: string): void {
  cpSync(source, folder, { recursive: true });
  run("go", ["build", "-o", "server", "."], { cwd: folder });
}
