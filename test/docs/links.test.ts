import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { exampleReadmes, ROOT, readText, userDocuments } from "./documents.js";
import { anchors, linkTargets } from "./markdown.js";

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

describe("README.md", () => {
  it("leads to every document", () => {
    const targets = linkTargets(readText("README.md")).map((target) => target.split("#")[0]);
    const paths = documents.map(({ path }) => path).filter((path) => path !== "README.md");
    expect(targets).toEqual(expect.arrayContaining(paths));
  });

  it("is short enough to be read", () => {
    expect(readText("README.md").split("\n").length).toBeLessThan(250);
  });
});
