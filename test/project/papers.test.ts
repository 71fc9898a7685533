import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/model/version.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(read("package.json"));

describe("the project's papers", () => {
  it("carry the full text of the licence that package.json names", () => {
    expect(manifest.license).toBe("Apache-2.0");
    expect(read("LICENSE")).toContain("Apache License\n                           Version 2.0");
    expect(read("LICENSE")).toContain("END OF TERMS AND CONDITIONS");
  });

  it("name only npm scripts that exist", () => {
    const commands = [...read("CONTRIBUTING.md").matchAll(/npm run ([\w:-]+)/g)];
    expect(commands.length).toBeGreaterThan(0);
    for (const [, script] of commands) {
      expect(Object.keys(manifest.scripts)).toContain(script);
    }
  });
});

describe("the version", () => {
  it("is the same in package.json and in what the client tells a server", () => {
    expect(VERSION).toBe(manifest.version);
  });
});

describe("package-lock.json", () => {
  const lock = JSON.parse(read("package-lock.json"));

  it("names no registry, so that it installs from whichever one the user has", () => {
    expect(read("package-lock.json")).not.toMatch(/"resolved": *"https?:/);
  });

  it("has the dependencies that package.json asks for", () => {
    const { version, dependencies, devDependencies, engines } = lock.packages[""];
    expect({ version, dependencies, devDependencies, engines }).toEqual({
      version: manifest.version,
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
      engines: manifest.engines,
    });
  });

  it("lists every platform's binary of a tool, without which npm ci refuses the whole file", () => {
    const missing = Object.values<{ optionalDependencies?: object }>(lock.packages)
      .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
      .filter((name) => !Object.hasOwn(lock.packages, `node_modules/${name}`));
    expect(missing).toEqual([]);
  });

  it("holds no package that refuses the oldest Node this package supports", () => {
    const refusing = Object.entries<{ engines?: { node?: string } }>(lock.packages)
      .filter(([path]) => path !== "")
      .filter(([, { engines }]) => /^>=\s*2[1-9]/.test(engines?.node ?? ""));
    expect(refusing).toEqual([]);
  });
});
