import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cli } from "./support/cli.js";

const manifest = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));

it("tells its version", async () => {
  expect(await cli(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
});

it.each([[["help"]], [["--help"]], [["help", "list"]], [["list", "--help"]], [["help", "help"]]])(
  "%j shows help on stdout",
  async (args) => {
    const { code, stdout, stderr } = await cli(args);
    expect(stdout).toMatch(/^Usage: aiem-process /);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  },
);

it("shows its help on stderr where no command is named", async () => {
  const { code, stdout, stderr } = await cli([]);
  expect(stderr).toMatch(/^Usage: aiem-process /);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

it.each([
  [
    ["lst"],
    "aiem-process: unknown command 'lst' (Did you mean one of list, ls?); see aiem-process --help",
  ],
  [["help", "lst"], "aiem-process help: unknown command 'lst'; see aiem-process help --help"],
  [
    ["--parent", "x", "list"],
    "aiem-process: unknown option '--parent'; options come after the command; see aiem-process --help",
  ],
  [
    ["list", "--jsn"],
    "aiem-process list: unknown option '--jsn' (Did you mean --json?); see aiem-process list --help",
  ],
  [
    ["list", "-n", "0"],
    "aiem-process list: option '-n, --number <count>' argument '0' is invalid. It must be a whole number, 1 or more; see aiem-process list --help",
  ],
])("%j is refused in one line, with code 2", async (args, line) => {
  expect(await cli(args)).toMatchObject({ code: 2, stdout: "", stderr: `${line}\n` });
});

it("says what to do where no AIEM is configured", async () => {
  expect(await cli(["run", "true"])).toMatchObject({
    code: 125,
    stderr:
      "aiem-process run: no AIEM configured: set AIEM_URL, log in with the H2O CLI, or pass --local\n",
  });
  expect(await cli(["list"])).toMatchObject({
    code: 125,
    stderr: "aiem-process list: no AIEM configured: set AIEM_URL, or log in with the H2O CLI\n",
  });
});
