import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { exampleReadmes, ROOT, readText, userDocuments } from "./documents.js";
import { anchors, codeBlocks, linkTargets } from "./markdown.js";

const documents = userDocuments();

function isDead(from: string, target: string): boolean {
  if (/^https:\/\//.test(target)) {
    return false;
  }
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? from : normalize(join(dirname(from), file));
  if (path.startsWith("..") || !existsSync(join(ROOT, path))) {
    return true;
  }
  return anchor !== undefined && !anchors(readText(path)).includes(anchor);
}

describe.each([...documents, ...exampleReadmes()])("$path", ({ path, markdown }) => {
  it("has no link to a file or a heading that is not there", () => {
    expect(linkTargets(markdown).filter((target) => isDead(path, target))).toEqual([]);
  });
});

/** What a document leads to, as paths in the repository. */
function targetsOf(path: string): string[] {
  return linkTargets(readText(path)).map((target) =>
    normalize(join(dirname(path), target.split("#")[0] ?? "")),
  );
}

describe("README.md", () => {
  it.each(["README.md", "docs/README.md"])("leads to every document, as does %s", (index) => {
    const targets = targetsOf(index);
    const others = documents.map(({ path }) => path).filter((path) => path !== index);
    const missing = others.filter((path) => path !== "README.md" && !targets.includes(path));
    expect(missing).toEqual([]);
  });

  it("is short enough to be read", () => {
    expect(readText("README.md").split("\n").length).toBeLessThan(130);
  });

  it("comes to the first success within one screen", () => {
    const [, ...examples] = codeBlocks(readText("README.md"));
    const first = examples.find(({ language }) => language === "ts");
    expect(first?.prints).toContain("hello");
    expect(first?.line).toBeLessThan(40);
  });
});
