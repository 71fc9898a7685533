import { describe, expect, inject, test } from "vitest";
import { userDocuments } from "../docs/documents.js";
import { pastedExamples, syntaxErrors } from "../docs/pasted-examples.js";

const examples = userDocuments().flatMap(pastedExamples);

for (const runtime of inject("runtimes").filter(({ title }) => title.startsWith("Node.js"))) {
  const untested = "missing" in runtime ? ` (not tested: ${runtime.missing})` : "";

  describe.skipIf("missing" in runtime)(`the examples in ${runtime.title}${untested}`, () => {
    const node = "program" in runtime ? runtime.program : "";

    test("can be parsed as they are pasted", () => {
      expect(examples.length).toBeGreaterThan(30);
      expect(syntaxErrors(node, examples)).toEqual([]);
    });
  });
}
