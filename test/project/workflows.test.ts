import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, readText } from "../docs/documents.js";

const folder = ".github/workflows";
const workflows = readdirSync(join(ROOT, folder)).map((file) => ({
  file,
  text: readText(`${folder}/${file}`),
}));
const scripts = Object.keys(JSON.parse(readText("package.json")).scripts);

describe.each(workflows)("the workflow $file", ({ text }) => {
  it("runs the code of others only as it was when it was looked at", () => {
    const actions = [...text.matchAll(/uses: (.*)/g)].map(([, action = ""]) => action);
    expect(actions.length).toBeGreaterThan(0);
    const loose = actions.filter(
      (action) =>
        !action.startsWith("./.github/") &&
        !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action),
    );
    expect(loose).toEqual([]);
  });

  it("needs no secret, and may write nothing", () => {
    expect(text).not.toMatch(/secrets\./);
    expect(text.match(/^ *[\w-]+: write$/gm)?.map((line) => line.trim()) ?? []).toEqual(
      text.includes("npm publish") ? ["id-token: write"] : [],
    );
  });

  it("names only npm scripts that exist", () => {
    const named = [...text.matchAll(/^ +- run: npm (?:run ([\w:]+)|(test))/gm)];
    const unknown = named.filter(([, script, own]) => !scripts.includes(script ?? own ?? ""));
    expect(unknown).toEqual([]);
  });
});

describe("the workflows", () => {
  it("test on each Node.js that is supported", () => {
    const supported = [...readText("docs/dependencies.md").matchAll(/^\| Node\.js (\d+)/gm)];
    const { text = "" } = workflows.find(({ file }) => file === "check.yml") ?? {};
    const [, matrix = ""] = /node: \[(.*)\]/.exec(text) ?? [];
    const [, oldest = ""] = /node-version: "(\d+)"/.exec(text) ?? [];
    const tested = [oldest, ...[...matrix.matchAll(/"(\d+)"/g)].map(([, major = ""]) => major)];
    expect(tested).toEqual(supported.map(([, major]) => major));
  });
});
