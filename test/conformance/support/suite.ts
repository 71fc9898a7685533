import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

/** Connect's conformance suite, with the programs of ours that it runs; or why there is none. */
export type Suite =
  | { readonly runner: string; readonly programs: string }
  | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    conformanceSuite: Suite;
  }
}

const MODULE = "connectrpc.com/conformance";
const VERSION = "v1.0.7";
/** How long `go install` may take, in milliseconds: it downloads and compiles some 30 modules. */
const INSTALL_MS = 240_000;

const root = fileURLToPath(new URL("../../..", import.meta.url));
const cache = join(root, "node_modules/.cache/aiem-process-client/conformance");
/** Also stands in the adaptors' tsconfig.json. */
const programs = join(cache, "programs");

/** Makes the suite ready, once for all tests; where that cannot be, says so and lets them be. */
export function setup(project: TestProject): void {
  const installed = install();
  if ("missing" in installed) {
    console.warn(`\n!!! SKIPPED: Connect's conformance suite: ${installed.missing}\n`);
    project.provide("conformanceSuite", installed);
    return;
  }
  // What fails from here on is no matter of the machine.
  compile(installed.protos);
  const adaptors = join(programs, "test/conformance/adaptors");
  project.provide("conformanceSuite", { runner: installed.runner, programs: adaptors });
}

function install(): { runner: string; protos: string } | { missing: string } {
  try {
    run("go", ["version"]);
  } catch {
    return { missing: "there is no Go in PATH" };
  }
  const folder = join(cache, VERSION);
  try {
    if (!existsSync(folder)) {
      mkdirSync(cache, { recursive: true });
      const making = mkdtempSync(join(cache, "making-"));
      try {
        run("go", ["install", `${MODULE}/cmd/connectconformance@${VERSION}`], { GOBIN: making });
        // At once as a whole, so that nobody takes one that is half made.
        renameSync(making, folder);
      } finally {
        rmSync(making, { recursive: true, force: true });
      }
    }
    const told: unknown = JSON.parse(
      run("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`]),
    );
    if (typeof told !== "object" || told === null || !("Dir" in told)) {
      throw new Error(`Go does not tell where it keeps ${MODULE}`);
    }
    return { runner: join(folder, "connectconformance"), protos: String(told.Dir) };
  } catch (error) {
    // Go's last line tells what was missing; those before it are its progress.
    const reason = error instanceof Error ? error.message : String(error);
    return { missing: reason.split("\n").at(-1) ?? "" };
  }
}

/** Compiles the adaptors with what they test, and with the messages of the suite. */
function compile(protos: string): void {
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(programs, { recursive: true });
  const imports = { "#suite/*": "./suite/connectrpc/conformance/v1/*" };
  writeFileSync(join(programs, "package.json"), JSON.stringify({ type: "module", imports }));
  // Generated JavaScript, which the compiler does not copy.
  symlinkSync(join(root, "gen"), join(programs, "gen"), "junction");
  const plugin = {
    local: "protoc-gen-es",
    out: join(programs, "suite"),
    opt: ["target=js+dts", "import_extension=js"],
  };
  run("buf", [
    "generate",
    protos,
    "--template",
    JSON.stringify({ version: "v2", plugins: [plugin] }),
  ]);
  run("tsc", ["--project", join(root, "test/conformance/adaptors")]);
}

function run(command: string, args: string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    timeout: INSTALL_MS,
    env: {
      ...process.env,
      PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
      // One that is too old for the suite says so, and does not fetch a newer one.
      GOTOOLCHAIN: "local",
      ...env,
    },
  });
  if (status !== 0) {
    const reason = error?.message ?? [stdout, stderr].join("\n").trim();
    throw new Error(`${command} ${args[0]} failed: ${reason}`);
  }
  return stdout;
}
