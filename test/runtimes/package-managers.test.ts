import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { runToEnd } from "../support/run-to-end.js";
import { root } from "../support/run-tool.js";

const { tarball } = inject("packed");
const MAX_MS = 120_000;
const RUN = "ai.h2o.engine.sandbox.v1.ProcessService STATE_SUCCEEDED hello\n";
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** How each is told to install, and to run a program. */
const WAYS: Readonly<Record<string, { install: string[]; node: string[] | undefined }>> = {
  npm: { install: ["install", "--no-audit", "--no-fund"], node: undefined },
  pnpm: { install: ["install"], node: undefined },
  "yarn 1": { install: ["install", "--no-progress"], node: undefined },
  // Its default finds packages without node_modules, and only those that are declared.
  "yarn 4": { install: ["install"], node: ["node"] },
};

/** A folder of a user who depends on the tarball, and on what else is told. */
function makeProject(dependencies: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "aiem-user-"));
  folders.push(folder);
  const manifest = {
    name: "user",
    private: true,
    type: "module",
    dependencies: { "aiem-process-client": `file:${tarball}`, ...dependencies },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "yarn.lock"), "");
  copyFileSync(join(root, "test/package/consumer/esm.mjs"), join(folder, "esm.mjs"));
  return folder;
}

/** Everything that they keep goes into the folder, and goes with it. */
function environment(folder: string, registry: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CI: "true",
    XDG_CACHE_HOME: join(folder, ".cache"),
    XDG_DATA_HOME: join(folder, ".data"),
    XDG_STATE_HOME: join(folder, ".state"),
    YARN_CACHE_FOLDER: join(folder, ".cache/yarn"),
    YARN_GLOBAL_FOLDER: join(folder, ".cache/berry"),
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_ENABLE_TELEMETRY: "false",
    // In CI it refuses to write the lock file, of which a new project has none.
    YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
    npm_config_frozen_lockfile: "false",
  };
}

for (const manager of inject("packageManagers")) {
  const { title } = manager;
  const untested = "missing" in manager ? ` (not tested: ${manager.missing})` : "";

  describe.skipIf("missing" in manager)(`the package installed by ${title}${untested}`, () => {
    test("runs a process with what was installed", { timeout: 2 * MAX_MS }, async () => {
      const { program, registry } = "program" in manager ? manager : { program: "", registry: "" };
      const { install = [], node } = WAYS[title] ?? {};
      const folder = makeProject();
      const options = { cwd: folder, env: environment(folder, registry), maxMs: MAX_MS };
      const installed = await runToEnd(program, install, options);
      expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
      expect(installed.stdout + installed.stderr).not.toMatch(/EBADENGINE|peer dep|deprecated/i);
      const [command, args] = node === undefined ? [process.execPath, []] : [program, node];
      expect(await runToEnd(command, [...args, "esm.mjs"], options)).toMatchObject({
        stdout: RUN,
        exitCode: 0,
      });
    });
  });
}

describe("the package beside Connect 2.2, which a user's own code has", () => {
  const [npm] = inject("packageManagers");
  // Connect 2.2 is for Node.js 22 and later.
  const node = inject("runtimes").find(({ title }) => title.startsWith("Node.js 22"));
  const isThere = npm !== undefined && "program" in npm && node !== undefined && "program" in node;

  test.skipIf(!isThere)(
    "compiles with its transports and interceptors, runs over both, and has errors that both know",
    { timeout: 2 * MAX_MS },
    async () => {
      const { program: nodeProgram } = node as { program: string };
      const { registry } = npm as { registry: string };
      const folder = makeProject({
        "@bufbuild/protobuf": "^2.17.0",
        "@connectrpc/connect": "~2.2.0",
        "@connectrpc/connect-node": "~2.2.0",
        "@types/node": "^20.19.0",
      });
      const options = { cwd: folder, env: environment(folder, registry), maxMs: MAX_MS };
      const installed = await runToEnd("npm", ["install", "--no-audit", "--no-fund"], options);
      expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
      for (const file of ["beside-connect.ts", "tsconfig.nodenext.json"]) {
        copyFileSync(join(root, "test/package/consumer", file), join(folder, file));
      }
      const config = { extends: "./tsconfig.nodenext.json", files: ["beside-connect.ts"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      expect(await runToEnd(process.execPath, [tsc, "--project", folder], options)).toEqual({
        stdout: "",
        stderr: "",
        exitCode: 0,
      });
      expect(versionOf(folder, "@connectrpc/connect")).toMatch(/^2\.2\./);
      const run = await runToEnd(nodeProgram, ["beside-connect.ts"], options);
      expect(run, run.stderr).toMatchObject({
        stdout: "hello true true\nhello true true\ntrue true\n",
        exitCode: 0,
      });
    },
  );
});

function versionOf(folder: string, name: string): string {
  const manifest = readFileSync(join(folder, "node_modules", name, "package.json"), "utf8");
  return JSON.parse(manifest).version;
}
