import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { runToEnd } from "../support/run-to-end.js";
import { root } from "../support/run-tool.js";

/** A recipe of docs/testing.md, and how its tests are run. */
interface Recipe {
  readonly title: string;
  /** Its folder in `examples/testing`. */
  readonly folder: string;
  readonly command: string;
  /** What its output tells when each test has passed. */
  readonly tells: string;
  /** Why it cannot be run here. */
  readonly missing?: string | undefined;
}

// Go and Maven compile before they run, and Maven downloads the first time.
const MAX_MS = 240_000;
// Nothing but this machine can be reached by it.
const DEAD_PROXY = "http://127.0.0.1:9";
const CLI = "node_modules/.bin/aiem-process";

const h2oPython = inject("h2oPython");
const python = "python" in h2oPython ? `"${h2oPython.python}"` : "";
const pytest = {
  folder: "pytest",
  tells: "3 passed",
  missing: "missing" in h2oPython ? h2oPython.missing : undefined,
};
const go = {
  folder: "go",
  tells: "--- PASS: TestRestart",
  missing: unlessItRuns(
    "there is no Go 1.22 or later in PATH",
    "GOTOOLCHAIN=local go list .",
    "go",
  ),
};
const junit = {
  folder: "junit",
  tells: "Tests run: 2, Failures: 0, Errors: 0, Skipped: 0",
  missing:
    unlessItRuns("there is no Maven in PATH", "mvn --version") ??
    unlessItRuns("Maven cannot download", "mvn --quiet dependency:resolve", "junit"),
};
const mvn = "mvn --batch-mode --no-transfer-progress test";

const recipes: readonly Recipe[] = [
  { title: "pytest", ...pytest, command: `${python} -m pytest` },
  { title: "pytest, two workers", ...pytest, command: `${python} -m pytest -n 2` },
  { title: "serve -- pytest", ...pytest, command: `${CLI} serve --control -- ${python} -m pytest` },
  { title: "go test", ...go, command: "go test -count 1 -v ./..." },
  {
    title: "serve -- go test",
    ...go,
    command: `${CLI} serve --control -- go test -count 1 -p 1 -v ./...`,
  },
  { title: "JUnit", ...junit, command: mvn },
  { title: "serve -- mvn test", ...junit, command: `${CLI} serve --control -- ${mvn}` },
];

function unlessItRuns(missing: string, command: string, recipe?: string): string | undefined {
  const cwd = recipe === undefined ? root : join(root, "examples/testing", recipe);
  const { status } = spawnSync("bash", ["-c", command], { cwd, timeout: MAX_MS });
  if (status === 0) {
    return undefined;
  }
  console.warn(`\n!!! SKIPPED: a recipe of docs/testing.md is not tested: ${missing}\n`);
  return missing;
}

/** Runs a recipe's tests as a user's project that has the package installed. */
async function runRecipe({ folder, command, tells }: Recipe): Promise<void> {
  const project = mkdtempSync(join(tmpdir(), "aiem-recipe-"));
  try {
    cpSync(join(root, "examples/testing", folder), project, { recursive: true });
    mkdirSync(join(project, dirname(CLI)), { recursive: true });
    symlinkSync(inject("cli"), join(project, CLI));
    const temporary = join(project, "node_modules/tmp");
    mkdirSync(temporary);
    const { exitCode, stdout, stderr } = await runToEnd("bash", ["-euc", command], {
      cwd: project,
      env: {
        ...process.env,
        TMPDIR: temporary,
        ...(folder === "junit" ? {} : { HTTP_PROXY: DEAD_PROXY, HTTPS_PROXY: DEAD_PROXY }),
      },
      maxMs: MAX_MS,
    });
    const output = stdout + stderr;
    expect(exitCode, output).toBe(0);
    expect(output).toContain(tells);
    // The stub has ended by itself, with all that it left on the disk.
    expect(readdirSync(temporary).filter((name) => name.startsWith("aiem-"))).toEqual([]);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

describe("the recipes of docs/testing.md", () => {
  for (const recipe of recipes) {
    // The title takes the reason into the report, from which the last lines of a run are made.
    const untested = recipe.missing === undefined ? "" : ` (not tested: ${recipe.missing})`;
    test.skipIf(recipe.missing !== undefined)(
      `${recipe.title}: runs, and leaves nothing behind${untested}`,
      { timeout: MAX_MS + 10_000 },
      () => runRecipe(recipe),
    );
  }
});
