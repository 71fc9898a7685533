import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importViolations, rulesWithoutFiles } from "../../scripts/import-rules.mjs";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "aiem-imports-"));
  write("src/index.ts", 'export { run } from "./client/run.js";');
  write("src/client/run.ts", 'export { a as run } from "../model/a.js";');
  write("src/model/a.ts", "export const a = 1;");
  write("src/stub/spawner.ts", 'import "node:child_process";');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, source: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), source);
}

describe("importViolations", () => {
  it("is content with imports that point one way", () => {
    write("src/stub/index.ts", 'import { a } from "../model/a.js"; export { a };');
    expect(importViolations(root)).toEqual([]);
  });

  it.each([
    ["an import", 'import { run } from "../client/run.js";'],
    ["an import of a type", 'import type { Run } from "../client/run.js";'],
    ["an import for its effects", 'import "../client/run.js";'],
    ["an export", 'export { run } from "../client/run.js";'],
    ["an export of everything", 'export * from "../client/run.js";'],
    ["a dynamic import", 'const run = await import("../client/run.js");'],
    ["a type's import", 'type Run = import("../client/run.js").Run;'],
    ["an import by require", 'import run = require("../client/run.js");'],
    ["a roundabout path", 'import "../stub/../client/run.js";'],
  ])("refuses %s of a layer above", (_title, source) => {
    write("src/model/a.ts", source);
    expect(importViolations(root)).toEqual(["src/model/a.ts must not import src/client/run.ts"]);
  });

  it.each(["client", "transport", "auth", "stub"])(
    "lets src/%s check options by the rules that all of them share",
    (layer) => {
      write("src/rules/a.ts", 'import "../errors/a.js"; import "../model/a.js";');
      write("src/errors/a.ts", "");
      write(`src/${layer}/a.ts`, 'import "../rules/a.js";');
      expect(importViolations(root)).toEqual([]);
    },
  );

  it("lets src/otel alone import OpenTelemetry, which most users do not have", () => {
    write("src/otel/a.ts", 'import "@opentelemetry/api";');
    expect(importViolations(root)).toEqual([]);
    write("src/model/a.ts", 'import "@opentelemetry/api"; export const a = 1;');
    expect(importViolations(root)).toEqual([
      "src/model/a.ts imports OpenTelemetry, which only src/otel may",
    ]);
  });

  it.each([
    ["src/stub/a.ts", "../client/run.js", "src/client/run.ts"],
    ["src/stub/a.ts", "../errors/a.js", "src/errors/a.ts"],
    ["src/stub/a.ts", "../transport/a.js", "src/transport/a.ts"],
    ["src/async/a.ts", "../errors/a.js", "src/errors/a.ts"],
    ["src/transport/a.ts", "../call/a.js", "src/call/a.ts"],
    ["src/call/a.ts", "../output/a.js", "src/output/a.ts"],
    ["src/output/a.ts", "../client/a.js", "src/client/a.ts"],
    ["src/rest-rules/a.ts", "../model/a.js", "src/model/a.ts"],
    ["src/rules/a.ts", "../client/run.js", "src/client/run.ts"],
    ["src/rules/a.ts", "../transport/a.js", "src/transport/a.ts"],
    ["src/auth/a.ts", "../transport/grpc.js", "src/transport/grpc.ts"],
    ["src/client/a.ts", "../../test/a.js", "test/a.js"],
  ])("refuses that %s imports %s", (file, specifier, target) => {
    write(file, `import ${JSON.stringify(specifier)};`);
    expect(importViolations(root)).toEqual([`${file} must not import ${target}`]);
  });

  it("refuses a computed import, the package's own name and a folder it does not know", () => {
    write("src/client/computed.ts", "await import(process.argv[2]);");
    write("src/client/self.ts", 'import "aiem-process-client/stub";');
    write("src/misc/a.ts", 'import "node:fs";');
    expect(importViolations(root)).toEqual([
      expect.stringContaining("src/client/computed.ts has a computed import()"),
      expect.stringContaining("src/client/self.ts imports its own package"),
      expect.stringContaining("src/misc/a.ts belongs to no layer"),
    ]);
  });

  it("refuses a second file that starts processes", () => {
    write("src/stub/second.ts", 'import { spawn } from "child_process";');
    expect(importViolations(root)).toEqual([
      expect.stringContaining("not: src/stub/second.ts, src/stub/spawner.ts"),
    ]);
  });

  it("lets one file of the command line start processes, too, and no other layer", () => {
    write("src/cli/child.ts", 'import "node:child_process";');
    expect(importViolations(root)).toEqual([]);
    write("src/cli/other.ts", 'import "node:child_process";');
    expect(importViolations(root)).toEqual([expect.stringContaining("src/cli/other.ts")]);
    write("src/cli/other.ts", "");
    write("src/auth/other.ts", 'import "node:child_process";');
    expect(importViolations(root)).toEqual([expect.stringContaining("src/auth/other.ts")]);
  });

  it("refuses a client that loads the stub, and tells what it reaches", () => {
    write("src/client/run.ts", 'import "../stub/spawner.js";');
    expect(importViolations(root)).toEqual(
      expect.arrayContaining([
        "src/index.ts reaches src/stub/spawner.ts, which users of the client would load",
        "src/index.ts reaches node:child_process, which users of the client would load",
      ]),
    );
  });
});

describe("rulesWithoutFiles", () => {
  it("is content with this repository", () => {
    expect(rulesWithoutFiles(process.cwd())).toEqual([]);
  });

  it("names the rules for folders and files that do not exist", () => {
    write("src/auth/a.ts", "");
    const missing = rulesWithoutFiles(root).join("\n");
    expect(missing).toContain("has a rule for src/transport/, which does not exist");
    expect(missing).toContain("has a rule for src/transport/delay.ts, which does not exist");
    expect(missing).not.toContain("src/auth/,");
  });
});
