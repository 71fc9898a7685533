import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { ROOT, userDocuments } from "../docs/documents.js";
import { examplePrograms } from "../docs/example-program.js";

const { consumer } = inject("packed");
const folder = join(consumer, "examples-of-documents");
const examples = userDocuments().flatMap(examplePrograms);
let compilation: { status: number | null; stdout: string };

beforeAll(() => {
  mkdirSync(folder);
  for (const { file, source } of examples) {
    writeFileSync(join(folder, `${file}.ts`), source);
  }
  const config = {
    extends: "../tsconfig.nodenext.json",
    compilerOptions: { noEmit: false },
    files: examples.map(({ file }) => `${file}.ts`),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  compilation = spawnSync(process.execPath, [tsc, "--project", folder], {
    cwd: consumer,
    encoding: "utf8",
  });
});

describe("the examples of the documents", () => {
  it("compile strictly against the installed package", () => {
    expect(compilation.stdout).toBe("");
    expect(compilation.status).toBe(0);
  });

  it.concurrent.each(examples)("run and print what they say: $place", async ({ file, prints }) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${file}.js`], {
      cwd: folder,
      timeout: 30_000,
    });
    expect(stderr).toBe("");
    if (prints !== undefined) {
      expect(stdout).toBe(prints);
    }
  });
});
