import { describe, expect, it } from "vitest";
import { userDocuments } from "./documents.js";
import { codeBlocks } from "./markdown.js";
import { type PastedExample, pastedExamples, syntaxErrors } from "./pasted-examples.js";

const examples = userDocuments().flatMap(pastedExamples);

// `npm run test:runtimes` does the same in the other releases of Node.js.
describe("the examples of the documents, without their types", () => {
  it("can be parsed by this Node.js as they are pasted", () => {
    expect(examples.length).toBeGreaterThan(30);
    expect(syntaxErrors(process.execPath, examples)).toEqual([]);
  });

  it("would be told where they could not be", () => {
    const broken: PastedExample = { place: "a document:1", code: "const = 1;\n" };
    expect(syntaxErrors(process.execPath, [broken])).toEqual([
      expect.stringMatching(/^a document:1: SyntaxError/),
    ]);
  });
});

describe.each(userDocuments())("$path", ({ markdown }) => {
  // Node.js 24 is the first with `using`: this tells it without a Node.js 20 and 22.
  it("has no example with using declarations, which Node.js 20 and 22 cannot parse", () => {
    const unreadable = codeBlocks(markdown)
      .filter(({ language, code }) => language === "ts" && /^\s*(await\s+)?using\s/m.test(code))
      .map(({ line }) => line);
    expect(unreadable).toEqual([]);
  });
});
