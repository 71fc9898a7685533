import { describe, expect, it } from "vitest";
import { readText } from "./documents.js";

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly version: string;
}

const { dependencies, engines } = JSON.parse(readText("package.json"));
const locked: Record<string, LockedPackage> = JSON.parse(readText("package-lock.json")).packages;
const document = readText("docs/dependencies.md");

/** The first three cells of each row about a package: name, range, licence. */
function rows(): Map<string, { range: string; licence: string }> {
  const found = document.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| ([^|]+) \|/gm);
  return new Map(
    [...found].map(([, name = "", range = "", licence = ""]) => [name, { range, licence }]),
  );
}

describe("docs/dependencies.md", () => {
  it("lists each package that is installed with this one, with its range and its licence", () => {
    const installed = Object.entries(locked)
      .filter(([path, { dev }]) => path.startsWith("node_modules/") && !dev)
      .map(([path, { license = "" }]) => {
        const name = path.replace("node_modules/", "");
        return [name, { range: dependencies[name], licence: license.replace(/^\((.*)\)$/, "$1") }];
      });
    expect(installed.length).toBeGreaterThan(0);
    expect(Object.fromEntries(rows())).toEqual(Object.fromEntries(installed));
  });

  it("tells until when the oldest Node.js that package.json allows is supported", () => {
    const [, oldest = "none"] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
    expect(document).toContain(`| Node.js ${oldest} and later of`);
  });
});
