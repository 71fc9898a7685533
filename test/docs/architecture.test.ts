import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shortestImports, withPicture } from "../../scripts/draw-layers.mjs";
import { allowedImports } from "../../scripts/import-rules.mjs";
import { ROOT, readText } from "./documents.js";
import { inlineCode, tableRows } from "./markdown.js";

const architecture = readText("docs/architecture.md");

describe("docs/architecture.md", () => {
  it("has the picture of the imports as they are: node scripts/draw-layers.mjs draws it", () => {
    expect(withPicture(ROOT.replace(/\/$/, ""), architecture)).toBe(architecture);
  });

  it("tells what each layer is", () => {
    const told = tableRows(architecture).map(([cell]) => cell);
    const folders = Object.keys(allowedImports).filter((layer) => layer.endsWith("/"));
    expect(folders.filter((folder) => !told.includes(`\`${folder}\``))).toEqual([]);
  });

  it("names no file and no folder that is not there", () => {
    const named = inlineCode(architecture).filter((code) => /^[\w./-]+(\.m?[jt]s|\/)$/.test(code));
    expect(named.length).toBeGreaterThan(50);
    const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
    // After the first mention of a folder, its files go by the end of their paths.
    const isThere = (name: string) =>
      existsSync(join(ROOT, name)) || files.some((file) => `/${file}/`.includes(`/${name}`));
    expect(named.filter((name) => !isThere(name))).toEqual([]);
  });
});

describe("the picture of the layers", () => {
  it("leaves out an import that follows from the others, and no other", () => {
    const layers = new Map([
      ["a", new Set(["b", "c", "d"])],
      ["b", new Set(["c"])],
      ["d", new Set<string>()],
    ]);
    expect(shortestImports(layers)).toEqual([
      ["a", "b"],
      ["a", "d"],
      ["b", "c"],
    ]);
  });
});
