import { describe, expect, it } from "vitest";
import { readText, userDocuments } from "./documents.js";
import { codeBlocks } from "./markdown.js";

const pythonDocuments = userDocuments().filter(({ markdown }) =>
  codeBlocks(markdown).some(({ language }) => language === "python"),
);

// `npm run test:polyglot` runs them.
describe.each(pythonDocuments)("$path", ({ markdown }) => {
  it("shows what its examples for Python print, so that the test of them can fail", () => {
    const examples = codeBlocks(markdown).filter(
      ({ language, shows }) => language === "python" && shows === undefined,
    );
    expect(examples.map(({ prints }) => typeof prints)).toEqual(examples.map(() => "string"));
  });
});

describe("docs/stub.md", () => {
  it("tells to install the release of H2O's Python client that the tests run", () => {
    const pinned = /^h2o-engine-manager==\S+$/m.exec(readText("test/polyglot/requirements.txt"));
    const commands = codeBlocks(readText("docs/stub.md")).filter(({ code }) =>
      code.includes("pip install"),
    );
    expect(commands.map(({ code }) => code)).toEqual([`pip install ${pinned?.[0]}\n`]);
  });
});

describe("docs/from-python.md", () => {
  const document = readText("docs/from-python.md");

  it("is about the release of H2O's Python client that the tests run", () => {
    const requirements = readText("test/polyglot/requirements.txt");
    const [, release] = /^h2o-engine-manager==(\S+)$/m.exec(requirements) ?? [];
    expect(document).toContain(`its release ${release},`);
  });

  it("has a script that prints the same in both languages", () => {
    const blocks = codeBlocks(document).filter(({ language }) => /^(python|ts)$/.test(language));
    const [python, typescript, ...others] = blocks;
    expect(others).toEqual([]);
    expect([python?.language, typescript?.language]).toEqual(["python", "ts"]);
    expect(typescript?.prints).toBe(python?.prints);
  });
});
