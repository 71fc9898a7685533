import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, inject, it } from "vitest";
import { ProcessService } from "../../src/gen.js";
import { madeAt } from "./pack.js";

const { consumer, files, distMade } = inject("packed");
const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const installed = join(consumer, "node_modules", "aiem-process-client");

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: consumer, encoding: "utf8" });
}

describe("the tarball", () => {
  it("has the built code, the contract and the papers, and nothing else", () => {
    const unexpected = files.filter(
      (file) =>
        !/^dist\/[\w/-]+\.(js|js\.map|d\.ts)$/.test(file) &&
        file !== "dist/cli/THIRD-PARTY-NOTICES.txt" &&
        file !== "docs/stub-control.openapi.json" &&
        !/^gen\/[\w/]+_pb\.(js|d\.ts)$/.test(file) &&
        !/^proto\/([\w/]+\.proto|descriptor-set\.binpb|openapi\.json)$/.test(file) &&
        !/^third_party\/[\w-]+\/(LICENSE|[\w/]+\.proto)$/.test(file) &&
        !/^docs\/[\w-]+\.(md|svg)$/.test(file) &&
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|buf\.yaml)$/.test(file),
    );
    expect(unexpected).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(["LICENSE", "CHANGELOG.md", "dist/index.js", "dist/index.d.ts"]),
    );
  });

  it("has every source's code once, and no leftover of a source that is gone", () => {
    const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
    const expected = sources
      // These are in the bundle of the command line.
      .filter((path) => path.endsWith(".ts") && !path.startsWith("cli/") && path !== "probe.ts")
      .map((path) => `dist/${path.replace(/\.ts$/, ".js")}`);
    const built = files.filter((file) => /^dist\/(?!cli\/).*\.js$/.test(file));
    expect(built).toEqual(expected.sort());
  });

  it("has the command line, which loads the stub only where it is needed, with its notices", () => {
    const { bin, dependencies, version } = JSON.parse(
      readFileSync(join(installed, "package.json"), "utf8"),
    );
    const program = readFileSync(join(installed, bin["aiem-process"]), "utf8");
    expect(program.startsWith("#!/usr/bin/env node\n")).toBe(true);
    expect(/\bimport\(["'`]\.\/stub\.js/.test(program)).toBe(true);
    expect(/\bfrom\s*["'`]\.\/stub\.js/.test(program)).toBe(false);
    const notices = readFileSync(join(installed, "dist/cli/THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const name of [...Object.keys(dependencies), "commander"]) {
      expect(notices).toMatch(new RegExp(`^=+\n${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, "m"));
    }
    expect(node(join(installed, bin["aiem-process"]), "--version")).toBe(`${version}\n`);
  });

  it("is made without touching the dist of the working tree", () => {
    expect(madeAt(join(root, "dist"))).toBe(distMade);
  });

  it("has the file of every entry point", () => {
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const targets = Object.values<string | Record<string, string>>(exports)
      .flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)))
      .filter((target) => !target.includes("*"));
    expect(targets.length).toBeGreaterThan(4);
    for (const target of targets) {
      expect(files).toContain(target.replace("./", ""));
    }
  });

  it("tells nothing of the machine that built it", () => {
    const texts = files.map((file) => ({
      file,
      text: readFileSync(join(installed, file), "utf8"),
    }));
    const telling = texts.filter(({ text }) =>
      [root, tmpdir()].some((path) => text.includes(path)),
    );
    expect(telling.map(({ file }) => file)).toEqual([]);
  });
});

describe("an installed package", () => {
  it("runs a process when imported as an ES module", () => {
    expect(node("esm.mjs")).toBe("ai.h2o.engine.sandbox.v1.ProcessService STATE_SUCCEEDED hello\n");
  });

  it("can be required by CommonJS code", () => {
    expect(node("require.cjs")).toMatch(
      /^function function ai\.h2o\.engine\.sandbox\.v1\.ProcessService \d+\.\d+\.\d+\n$/,
    );
  });

  it.each([
    "proto/ai/h2o/engine/sandbox/v1/process_service.proto",
    "proto/descriptor-set.binpb",
    "proto/openapi.json",
    "third_party/googleapis/google/api/http.proto",
  ])("hands out %s for other languages", (path) => {
    const resolved = createRequire(join(consumer, "index.js")).resolve(
      `aiem-process-client/${path}`,
    );
    expect(resolved).toBe(realpathSync(join(installed, path)));
  });

  it("has all that its contract imports, for buf and for what takes descriptors", () => {
    const built = execFileSync(
      join(root, "node_modules/.bin/buf"),
      ["build", "node_modules/aiem-process-client/proto", "--output", "-"],
      { cwd: consumer },
    );
    const shipped = readFileSync(join(installed, "proto/descriptor-set.binpb"));
    for (const bytes of [built, shipped]) {
      const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
      const service = registry.getService(ProcessService.typeName);
      expect(service?.methods.map(({ name }) => name)).toEqual(
        ProcessService.methods.map(({ name }) => name),
      );
    }
  });
});

describe("a TypeScript user", () => {
  it.each(["nodenext", "bundler"])("compiles strictly with module resolution %s", (resolution) => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [tsc, "--project", `tsconfig.${resolution}.json`],
      { cwd: consumer, encoding: "utf8" },
    );
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});
