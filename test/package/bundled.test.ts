import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build, type OutputFile } from "esbuild";
import { expect, inject, it } from "vitest";
import { startStubServer } from "../../src/stub/index.js";
import { readText } from "../docs/documents.js";

const { consumer } = inject("packed");

/** A function of a cloud that runs a command in an engine. */
const FUNCTION = `
  import { ProcessClient } from "aiem-process-client";
  export async function handler({ parent, command, ...connection }) {
    const client = new ProcessClient(connection);
    try {
      return (await client.runProcess(parent, command)).stdout.text();
    } finally {
      client.close();
    }
  }`;

async function bundleFunction() {
  const { outputFiles, metafile, warnings } = await build({
    stdin: { contents: FUNCTION, resolveDir: consumer },
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  return {
    file: outputFiles[0] as OutputFile,
    inputs: Object.keys(metafile.inputs),
    imports: output?.imports.map(({ path }) => path) ?? [],
    warnings,
  };
}

it("a function bundled by esbuild has neither the stub nor child processes, is as small as the docs say, and runs", async () => {
  const { file, inputs, imports, warnings } = await bundleFunction();
  expect(warnings).toEqual([]);
  expect(inputs).toEqual(expect.arrayContaining([expect.stringMatching(/dist\/index\.js$/)]));
  expect(inputs.filter((path) => path.includes("dist/stub/"))).toEqual([]);
  expect(imports).toContain("node:http2");
  expect(imports.filter((path) => path.includes("child_process"))).toEqual([]);

  const [, kB, gzippedKB] =
    /(\d+) kB minified, (\d+) kB gzipped/.exec(readText("docs/performance.md")) ?? [];
  expect(Math.abs(file.contents.length / 1000 / Number(kB) - 1)).toBeLessThan(0.03);
  expect(Math.abs(gzipSync(file.contents).length / 1000 / Number(gzippedKB) - 1)).toBeLessThan(
    0.03,
  );

  const bundle = join(consumer, "function.mjs");
  writeFileSync(bundle, file.contents);
  await using stub = await startStubServer();
  const event = {
    aiemUrl: stub.url,
    tokenProvider: stub.token,
    parent: stub.parent,
    command: { command: "echo", args: ["hello"] },
  };
  const program = `
    import { handler } from ${JSON.stringify(bundle)};
    process.stdout.write(await handler(JSON.parse(process.env.EVENT)));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program],
    { env: { ...process.env, EVENT: JSON.stringify(event) } },
  );
  expect(stdout).toBe("hello\n");
});
