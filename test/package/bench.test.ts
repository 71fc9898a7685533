import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject, it } from "vitest";
import type { Results } from "../../bench/results.mjs";

const { consumer } = inject("packed");
const root = fileURLToPath(new URL("../..", import.meta.url));

/** The bench next to the installed tarball, with the clients that it is compared with. */
function installBench(): string {
  const folder = join(consumer, "benchmark");
  cpSync(join(root, "bench"), join(folder, "bench"), { recursive: true });
  mkdirSync(join(folder, "docs"));
  cpSync(join(root, "docs", "performance.md"), join(folder, "docs", "performance.md"));
  for (const name of ["@grpc/grpc-js", "nice-grpc", "echarts"]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  return folder;
}

// Some twenty programs in turn: seconds, but not on a machine that is busy with something else.
const TIMEOUT_MS = 150_000;
const run = promisify(execFile);

it("the benchmark gets a figure of every contender in every case, and reports them", {
  timeout: TIMEOUT_MS,
}, async () => {
  const folder = installBench();
  const options = { cwd: folder, timeout: TIMEOUT_MS };
  await run(process.execPath, ["bench/run.mjs", "--smoke", "--json", "results.json"], options);
  const { cases }: Results = JSON.parse(readFileSync(join(folder, "results.json"), "utf8"));
  expect(cases.length).toBeGreaterThan(15);
  const missing = cases.flatMap(({ name, contenders }) =>
    contenders
      .filter(({ error, figures }) => error !== null || Object.keys(figures).length < 3)
      .map(({ contender, error }) => `${name}, ${contender}: ${error}`),
  );
  expect(missing).toEqual([]);

  await run(process.execPath, ["bench/report.mjs", "results.json"], options);
  expect(readFileSync(join(folder, "docs", "performance.md"), "utf8")).toContain("'smoke'");
  expect(readFileSync(join(folder, "docs", "performance.svg"), "utf8")).toMatch(/^<svg /);
});
