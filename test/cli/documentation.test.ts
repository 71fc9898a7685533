import { describe, expect, it } from "vitest";
import { readText, userDocuments } from "../docs/documents.js";
import { codeBlocks } from "../docs/markdown.js";
import { cli } from "./support/cli.js";

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
