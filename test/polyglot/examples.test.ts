import { describe, expect, inject, test } from "vitest";
import { type StubServerOptions, startStubServer } from "../../src/stub/index.js";
import { runToEnd } from "../support/run-to-end.js";
import { closing } from "../transport/support/cleanup.js";
import { VARIANTS } from "./support/permuted-contracts.js";

// Go compiles a program when it runs it.
const MAX_MS = 50_000;
const LOOPBACK = "127.0.0.1,localhost";

/** Runs a command of a README with a stub of its own, and gives what it printed. */
async function outputOf(command: string, cwd: string, options: StubServerOptions = {}) {
  const stub = closing(await startStubServer({ control: true, ...options }));
  const { exitCode, stdout, stderr } = await runToEnd("bash", ["-euc", command], {
    cwd,
    env: {
      ...process.env,
      // Neither a proxy nor the user's own H2O environment has a part in this.
      no_proxy: LOOPBACK,
      NO_PROXY: LOOPBACK,
      H2O_CLOUD_DISCOVERY: undefined,
      // These programs are over before a better compiler has paid off.
      JAVA_TOOL_OPTIONS: "-XX:TieredStopAtLevel=1",
      AIEM_URL: stub.url,
      AIEM_TOKEN: stub.token,
      AIEM_PARENT: stub.parent,
      AIEM_CONTROL_URL: stub.control?.url,
      AIEM_CONTROL_TOKEN: stub.control?.token,
      H2O_CLOUD_ENVIRONMENT: stub.url,
      H2O_CLOUD_CLIENT_PLATFORM_TOKEN: stub.platform.refreshToken,
    },
    maxMs: MAX_MS,
  });
  expect(exitCode, stdout + stderr).toBe(0);
  return stdout;
}

function lastLineOf(stdout: string): string | undefined {
  return stdout.trimEnd().split("\n").at(-1);
}

// The command line as bundled from what is here: npx would run what is built or published.
const npx = `"${process.execPath}" "${inject("cli")}"`;

for (const { language, programs, tests, prepared } of inject("examples")) {
  const folder = "folder" in prepared ? prepared.folder : "";
  // The title takes the reason into the report, from which the last lines of a run are made.
  const untested = "missing" in prepared ? ` (not tested: ${prepared.missing})` : "";

  describe.skipIf("missing" in prepared)(`examples/${language}${untested}`, () => {
    test("is prepared by the commands of its README", () => {
      expect(prepared).toEqual({ folder });
    });

    test
      .skipIf("broken" in prepared)
      .each(programs.map(({ command, lastLine }) => [command, lastLine] as const))(
      "runs `%s`, which ends with: %s",
      async (command, lastLine) => {
        expect(lastLine, "the README has to say what the last line is").not.toBe("");
        expect(lastLineOf(await outputOf(command, folder))).toBe(lastLine);
      },
      MAX_MS + 10_000,
    );

    test
      .skipIf("broken" in prepared)
      .for(tests.map(({ command, tells }) => [command, tells] as const))(
      "runs `%s`, which tells: %s",
      { timeout: MAX_MS + 10_000 },
      async ([command, tells]) => {
        expect(tells, "the README has to say what is told").not.toBe("");
        const stdout = await outputOf(command.replace("npx aiem-process", npx), folder);
        expect(stdout).toContain(tells);
      },
    );

    if (language === "grpcurl") {
      // The scripts name the service with its package.
      const sameNames = VARIANTS.filter(({ title }) => !title.includes("package"));
      test.skipIf("broken" in prepared).each(sameNames)(
        "asks a server for its numbers: $title",
        async ({ descriptorSet }) => {
          const options = { contract: descriptorSet };
          const stdout = await outputOf("bash create-and-run.sh", folder, options);
          expect(lastLineOf(stdout)).toBe("STATE_FAILED 3");
        },
      );
    }
  });
}
