import { readdirSync } from "node:fs";
import { join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, readText } from "./documents.js";
import { codeBlocks, linkTargets } from "./markdown.js";

const RECIPES = "examples/testing";
// What a user's project has in any case, or can tell from the text.
const NOT_SHOWN = ["go/go.mod", "node-test/package.json", "vitest/package.json"];

const document = readText("docs/testing.md");
const shown = codeBlocks(document).flatMap(({ shows, code }) =>
  shows === undefined ? [] : [{ file: normalize(join("docs", shows)), code }],
);
const files = readdirSync(join(ROOT, RECIPES), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => relative(join(ROOT, RECIPES), join(parentPath, name)))
  .sort();

describe("docs/testing.md", () => {
  it.each(shown)("shows $file as the tests run it", ({ file, code }) => {
    expect(code).toBe(readText(file));
  });

  it("shows or links every file of a recipe", () => {
    const told = [
      ...NOT_SHOWN,
      ...linkTargets(document).map((target) => relative(`../${RECIPES}`, target)),
    ];
    expect(files.length).toBeGreaterThan(15);
    expect(files.filter((file) => !told.includes(file))).toEqual([]);
  });
});
