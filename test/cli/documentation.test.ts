import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { startStubServer } from "../../src/stub/index.js";
import { readText, userDocuments } from "../docs/documents.js";
import { codeBlocks } from "../docs/markdown.js";
import { runToEnd } from "../support/run-to-end.js";
import { cleanEnvironment, cli, stubEnvironment } from "./support/cli.js";

/** A command line in a document: which command, and what of it is for us and not for a process. */
interface Documented {
  readonly line: string;
  readonly command: string;
  readonly words: readonly string[];
}

const documented: readonly Documented[] = userDocuments()
  .flatMap(({ markdown }) => codeBlocks(markdown))
  .filter(({ language }) => language === "sh")
  .flatMap(({ code }) => code.split("\n"))
  .map((line) => line.replace(/^npx (?=aiem-process )/, ""))
  .filter((line) => line.startsWith("aiem-process "))
  .map((line) => {
    const [, command = "", ...words] = line.replace(/\s#.*/, "").trim().split(/\s+/);
    const end = words.indexOf("--");
    return { line, command, words: end === -1 ? words : words.slice(0, end) };
  });

const helps = new Map<string, Promise<string>>();

function helpOf(command: string): Promise<string> {
  const help = helps.get(command) ?? cli([command, "--help"]).then(({ stdout }) => stdout);
  helps.set(command, help);
  return help;
}

describe("the documents", () => {
  it("show only options that the commands have", async () => {
    expect(documented.length).toBeGreaterThan(10);
    for (const { line, command, words } of documented) {
      const help = await helpOf(command);
      expect(help, line).toMatch(/^Usage: aiem-process /);
      for (const option of words.filter((word) => word.startsWith("-"))) {
        expect(help, line).toMatch(new RegExp(`^ .*${option}\\b`, "m"));
      }
    }
  });
});

/** A folder with what the documented lines name, and with `aiem-process` and `npx` for a shell. */
function folderOfLines(): { folder: string; bin: string } {
  const folder = mkdtempSync(join(tmpdir(), "aiem-lines-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "train.env"), "EPOCHS=3\n");
  const programs = {
    job: "echo ready on 8080",
    "bin/aiem-process": `exec '${process.execPath}' '${inject("cli")}' "$@"`,
    "bin/npx": 'exec "$@"',
    // What it would test is not there.
    "bin/pytest": "exit 0",
  };
  for (const [path, script] of Object.entries(programs)) {
    writeFileSync(join(folder, path), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, path), 0o755);
  }
  return { folder, bin };
}

describe("the command lines of the documents", { timeout: 120_000 }, () => {
  it("run as they are written", async () => {
    const { folder, bin } = folderOfLines();
    const stub = await startStubServer({
      engines: [
        { name: "workspaces/default/sandboxEngines/local", rootDirectory: folder },
        "workspaces/my-workspace/sandboxEngines/my-engine",
      ],
      secrets: { "workspaces/w/secrets/s/versions/1": "a secret" },
    });
    onTestFinished(() => stub.close());
    const clean = cleanEnvironment(folder);
    const env = {
      ...clean,
      ...stubEnvironment(stub),
      PATH: [bin, clean["PATH"]].join(delimiter),
    };
    // Only what stays on this machine.
    const lines = documented.map(({ line }) => line).filter((line) => !line.includes("https://"));
    const refused: string[] = [];
    for (const line of lines) {
      const { exitCode, stderr } = await runToEnd("sh", ["-c", line], {
        env,
        cwd: folder,
        maxMs: 30_000,
      });
      // What is wrong about a line itself is told with where its help is.
      const isMissing = exitCode === 127 && !line.includes(" -- ");
      if (exitCode === null || isMissing || stderr.includes("--help")) {
        refused.push(`${line}: ${exitCode} ${stderr}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

describe("docs/cli.md", () => {
  it("tells of every command and every option", async () => {
    const text = readText("docs/cli.md");
    const help = (await cli(["--help"])).stdout;
    const list = help.split("Commands:")[1]?.split("\n\n")[0] ?? "";
    const commands = [...list.matchAll(/^ {2}(\w+)/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "help" && name !== "serve");
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      expect(text, command).toMatch(new RegExp(`\`${command}\\b|aiem-process ${command}\\b`));
      const options = (await helpOf(command)).matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm);
      // By either of its names.
      const missing = [...options]
        .map(([, short, long = ""]) => [short, long].filter((name) => name !== undefined))
        .filter((names) => !names.includes("--help"))
        .filter((names) => !names.some((name) => new RegExp(`${name}\\b`).test(text)));
      expect({ command, missing }).toEqual({ command, missing: [] });
    }
  });
});
