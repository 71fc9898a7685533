import { describe, expect, it } from "vitest";
import { userDocuments } from "./documents.js";
import { codeBlocks } from "./markdown.js";

describe.each(userDocuments())("$path", ({ markdown }) => {
  // The examples are compiled before they run here, which hides what a pasted one cannot be parsed
  // for: Node.js 24 is the first with `using`.
  it("has no example with using declarations, which Node.js 20 and 22 cannot parse", () => {
    const unreadable = codeBlocks(markdown)
      .filter(({ language, code }) => language === "ts" && /^\s*(await\s+)?using\s/m.test(code))
      .map(({ line }) => line);
    expect(unreadable).toEqual([]);
  });
});
