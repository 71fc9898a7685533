import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { runToEnd } from "../support/run-to-end.js";
import { root, run } from "../support/run-tool.js";

// A few seconds each, on two cores that have nothing else to do.
const MAX_MS = 90_000;
const recipes = join(root, "examples/testing");
const installed = join(inject("packed").consumer, "node_modules/aiem-process-client");
const jest = inject("jest");
// The title takes the reason into the report, from which the last lines of a run are made.
const withoutJest = "missing" in jest ? ` (not tested: ${jest.missing})` : "";
const jestPackage = "modules" in jest ? join(jest.modules, "jest") : "";

const nodes = [
  { title: `this Node.js, ${process.version}`, program: process.execPath },
  ...inject("runtimes").flatMap((runtime) =>
    "program" in runtime && runtime.isNode ? [runtime] : [],
  ),
];
/** Jest can require() an ES module with these. */
const requiring = nodes.filter(({ title }) => Number(/\d+/.exec(title)?.[0]) >= 24);

/** A project of a user: the recipe's files, the package, and what runs tests. */
function userProject(recipe: string, runner: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "aiem-recipe-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(recipes, recipe), folder, { recursive: true });
  const links = { "aiem-process-client": installed, ...runner };
  for (const [name, target] of Object.entries(links)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link);
  }
  return folder;
}

/** Runs `npm test` there, as where nothing but this machine can be reached. */
async function npmTest(folder: string, node: string, files: readonly string[]) {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const { exitCode, stdout, stderr } = await runToEnd("npm", ["test", "--silent", "--", ...files], {
    cwd: folder,
    env: {
      ...cleanEnvironment(),
      PATH: [dirname(node), process.env["PATH"]].join(delimiter),
      TMPDIR: temporary,
      HTTP_PROXY: "http://127.0.0.1:9",
      HTTPS_PROXY: "http://127.0.0.1:9",
      NO_COLOR: "1",
    },
    maxMs: MAX_MS,
  });
  const output = stdout + stderr;
  expect(exitCode, output).toBe(0);
  // Each runner says so in its own words.
  const passed = /^(?:\W*Tests:?\s+(\d+) passed|\W+pass (\d+)$)/m.exec(output);
  expect(Number(passed?.[1] ?? passed?.[2]), output).toBe(testsOf(folder, files));
  expect(output).not.toMatch(/open handle|did not exit|failed to exit/i);
  expect(readdirSync(temporary).filter((name) => name.startsWith("aiem-"))).toEqual([]);
}

/** Without what this run of Vitest tells its own workers, and the user's own proxies. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:vitest|node_|npm_|jest_|test$|dev$|prod$|mode$|ssr$|.*_proxy$)/i.test(name),
    ),
  );
}

function testsOf(folder: string, files: readonly string[]): number {
  return readdirSync(folder)
    .filter((name) => name.includes(".test.") && (files.length === 0 || files.includes(name)))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").match(/^test\(/gm) ?? []).length;
}

describe("the recipes of docs/testing.md", () => {
  const timeout = MAX_MS + 10_000;
  const vitest = { vitest: join(root, "node_modules/vitest") };
  const runJest = { ".bin/jest": join(jestPackage, "bin/jest.js") };

  test("Vitest: compiles strictly", () => {
    const folder = userProject("vitest", {
      ...vitest,
      "@types/node": join(root, "node_modules/@types/node"),
    });
    const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"];
    const target = ["--target", "es2023", "--types", "node"];
    expect(run("tsc", [...options, ...target, ...files], { cwd: folder })).toBe("");
  });

  test("Vitest: runs, and ends by itself", { timeout }, async () => {
    const bin = { ".bin/vitest": join(root, "node_modules/vitest/vitest.mjs") };
    await npmTest(userProject("vitest", { ...vitest, ...bin }), process.execPath, []);
  });

  test.each(nodes)("node:test: runs, and ends by itself: $title", { timeout }, ({ program }) =>
    npmTest(userProject("node-test"), program, []),
  );

  describe.skipIf("missing" in jest)(`Jest${withoutJest}`, () => {
    test.each(nodes)("runs ES modules, and ends by itself: $title", { timeout }, ({ program }) =>
      npmTest(userProject("jest-esm", runJest), program, []),
    );

    test.each(nodes)("runs CommonJS, with import(): $title", { timeout }, ({ program }) =>
      npmTest(userProject("jest-commonjs", runJest), program, ["import.test.js"]),
    );

    test.each(requiring)("runs CommonJS, with require() too: $title", { timeout }, ({ program }) =>
      npmTest(userProject("jest-commonjs", runJest), program, []),
    );
  });
});
