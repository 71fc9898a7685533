import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, readText, userDocuments } from "./documents.js";
import { codeBlocks, inlineCode } from "./markdown.js";

const manifest = JSON.parse(readText("package.json"));
const scripts = Object.keys(manifest.scripts);
const own = Object.keys(manifest.bin);
const NPM_OWN = new Set(["ci", "pack", "install"]);
const ELSEWHERE = new Set([
  "buf",
  "cargo",
  "cd",
  "curl",
  "grpcurl",
  "mkdir",
  "pip",
  "protoc",
  "python",
]);

/** What a line of a shell runs, without comments and redirections. */
function commandsOf(line: string): string[][] {
  return line
    .replace(/#.*/, "")
    .split(/&&|\||;/)
    .map((command) => command.trim().split(/\s+/))
    .filter(([program]) => program !== "");
}

/** Whether the project has what a command needs, as far as it is the project's matter. */
function isThere([program = "", first = "", second = ""]: string[]): boolean {
  switch (program) {
    case "npm":
      return NPM_OWN.has(first) || scripts.includes(first === "run" ? second : first);
    case "npx":
      return own.includes(first) || existsSync(join(ROOT, "node_modules", ".bin", first));
    case "bash":
      return existsSync(join(ROOT, first));
    case "node":
      // A file of a folder is the project's; one without is the reader's.
      return !first.includes("/") || existsSync(join(ROOT, first));
    default:
      return own.includes(program) || ELSEWHERE.has(program);
  }
}

describe.each(userDocuments())("$path", ({ markdown }) => {
  it("names no npm script and no tool that the project does not have", () => {
    const missing = codeBlocks(markdown)
      .filter(({ language }) => language === "sh")
      .flatMap(({ code }) => code.split("\n").flatMap(commandsOf))
      .filter((command) => !isThere(command));
    expect(missing).toEqual([]);
  });

  it("names none in its text either", () => {
    const missing = inlineCode(markdown)
      .filter((code) => /^(npm|npx|node|bash) \S/.test(code))
      .flatMap(commandsOf)
      .filter((command) => !isThere(command));
    expect(missing).toEqual([]);
  });

  it("has JSON that can be parsed", () => {
    for (const { language, code } of codeBlocks(markdown)) {
      if (language === "json") {
        expect(() => JSON.parse(code)).not.toThrow();
      }
    }
  });
});

describe("README.md", () => {
  it("begins with the two commands that are enough on a fresh clone", () => {
    const [first] = codeBlocks(readText("README.md"));
    expect(first?.language).toBe("sh");
    expect(first?.code).toMatch(/^npm ci && npm start\b/m);
    expect(first?.code).toMatch(/^npm ci && npm test\b/m);
  });
});
