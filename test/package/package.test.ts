import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, inject, it } from "vitest";
import { importedSpecifiers } from "../../scripts/imported-specifiers.mjs";
import { ProcessService } from "../../src/gen.js";
import { madeAt } from "./pack.js";

const { consumer, files, size, distMade } = inject("packed");
const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const installed = join(consumer, "node_modules", "aiem-process-client");

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: consumer, encoding: "utf8" });
}

function readInstalled(file: string): string {
  return readFileSync(join(installed, file), "utf8");
}

/** The files that `exports` names, as paths in the tarball. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(readInstalled("package.json"));
  return Object.values<string | Record<string, string>>(exports)
    .flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)))
    .map((target) => posix.normalize(target));
}

describe("the tarball", () => {
  it("has the built code, the contract and the papers, and nothing else", () => {
    const unexpected = files.filter(
      (file) =>
        !/^dist\/(\w+\/)*[\w-]+\.(js|d\.ts)$/.test(file) &&
        file !== "dist/cli/THIRD-PARTY-NOTICES.txt" &&
        !/^gen\/ai\/[\w/]+_pb\.d\.ts$/.test(file) &&
        !/^proto\/([\w/]+\.proto|descriptor-set\.binpb|openapi\.json)$/.test(file) &&
        !/^third_party\/[\w-]+\/[\w/]+\.proto$/.test(file) &&
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|buf\.yaml)$/.test(file),
    );
    expect(unexpected).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(["LICENSE", "CHANGELOG.md", "dist/index.js", "dist/index.d.ts"]),
    );
  });

  it("has the command line, which loads the stub only where it is needed, with its notices", () => {
    const { bin, dependencies, version } = JSON.parse(
      readFileSync(join(installed, "package.json"), "utf8"),
    );
    const program = readFileSync(join(installed, bin["aiem-process"]), "utf8");
    expect(program.startsWith("#!/usr/bin/env node\n")).toBe(true);
    expect(/\bimport\(["'`]\.\.\/stub\/index\.js/.test(program)).toBe(true);
    expect(/\bfrom\s*["'`]\.\.\/stub\//.test(program)).toBe(false);
    const notices = readFileSync(join(installed, "dist/cli/THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const name of [...Object.keys(dependencies), "commander"]) {
      expect(notices).toMatch(new RegExp(`^=+\n${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, "m"));
    }
    expect(node(join(installed, bin["aiem-process"]), "--version")).toBe(`${version}\n`);
  });

  it("stays under 400 kB, so that an installation in a function or an image is not slowed by it", () => {
    expect(size).toBeLessThan(400_000);
  });

  it("has the code in a file for each entry point, and what they share", () => {
    const code = files.filter((file) => /^dist\/.*\.js$/.test(file));
    const targets = entryPoints().filter((target) => target.endsWith(".js"));
    const shared = code.filter((file) => /^dist\/(chunks|cli)\//.test(file));
    expect(code.filter((file) => !shared.includes(file)).sort()).toEqual(targets.sort());
  });

  it("has the declarations that an entry point leads to, and no others", () => {
    const reached = new Set<string>();
    const reach = (file: string) => {
      if (!reached.has(file)) {
        reached.add(file);
        for (const specifier of importedSpecifiers(readInstalled(file), file)) {
          if (specifier?.startsWith(".")) {
            reach(posix.join(posix.dirname(file), specifier.replace(/\.js$/, ".d.ts")));
          }
        }
      }
    };
    for (const target of entryPoints()) {
      if (target.endsWith(".d.ts")) {
        reach(target);
      }
    }
    expect(files.filter((file) => file.endsWith(".d.ts"))).toEqual([...reached].sort());
  });

  it("leads to no source map, since it has none", () => {
    const code = files.filter((file) => /\.(js|d\.ts)$/.test(file));
    expect(code.filter((file) => readInstalled(file).includes("sourceMappingURL"))).toEqual([]);
  });

  it("has the licence of what is in third_party, which is the text of its own", () => {
    for (const folder of readdirSync(join(root, "third_party"))) {
      const licence = readFileSync(join(root, "third_party", folder, "LICENSE"), "utf8");
      expect(licence).toBe(readInstalled("LICENSE"));
    }
  });

  it("is made without touching the dist of the working tree", () => {
    expect(madeAt(join(root, "dist"))).toBe(distMade);
  });

  it("has the file of every entry point", () => {
    const targets = entryPoints().filter((target) => !target.includes("*"));
    expect(targets.length).toBeGreaterThan(4);
    expect(files).toEqual(expect.arrayContaining(targets));
  });

  it("tells nothing of the machine that built it", () => {
    const telling = files.filter((file) =>
      [root, tmpdir()].some((path) => readInstalled(file).includes(path)),
    );
    expect(telling).toEqual([]);
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
