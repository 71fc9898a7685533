import { describe, expect, it } from "vitest";
import { readText } from "./documents.js";
import { codeBlocks } from "./markdown.js";

describe("docs/stub.md", () => {
  const stub = readText("docs/stub.md");

  it("tells to install the release of H2O's Python client that the tests run", () => {
    const pinned = /^h2o-engine-manager==\S+$/m.exec(readText("test/polyglot/requirements.txt"));
    const commands = codeBlocks(stub).filter(({ code }) => code.includes("pip install"));
    expect(commands.map(({ code }) => code)).toEqual([`pip install ${pinned?.[0]}\n`]);
  });

  it("shows what its example for Python prints, so that the test of it can fail", () => {
    const examples = codeBlocks(stub).filter(({ language }) => language === "python");
    expect(examples.map(({ prints }) => typeof prints)).toEqual(["string"]);
  });
});
