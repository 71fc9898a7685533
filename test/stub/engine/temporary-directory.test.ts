import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Engines } from "../../../src/stub/engine/engines.js";
import {
  onProgramExit,
  removeDirectory,
  TemporaryDirectory,
} from "../../../src/stub/engine/temporary-directory.js";
import { ENGINE, exists } from "./support.js";

const NOBODY = 65534;

let temporaryBefore: string | undefined;
let temporary: string;
beforeEach(() => {
  // To the superuser nothing is read-only.
  if (process.geteuid?.() === 0) {
    process.seteuid?.(NOBODY);
  }
  temporary = mkdtempSync(join(tmpdir(), "aiem-directory-"));
  temporaryBefore = process.env["TMPDIR"];
  process.env["TMPDIR"] = temporary;
});
afterEach(() => {
  if (process.getuid?.() === 0) {
    process.seteuid?.(0);
  }
  if (temporaryBefore === undefined) {
    delete process.env["TMPDIR"];
  } else {
    process.env["TMPDIR"] = temporaryBefore;
  }
  rmSync(temporary, { recursive: true, force: true });
});

/** What a build tool leaves behind: a cache that is kept from changes. */
function fill(directory: string): void {
  const inner = join(directory, "cache", "inner");
  mkdirSync(inner, { recursive: true });
  writeFileSync(join(inner, "file"), "data", { mode: 0o400 });
  chmodSync(inner, 0o555);
  chmodSync(join(directory, "cache"), 0o000);
}

describe("a directory with read-only directories inside", () => {
  it("is removed", async () => {
    const directory = mkdtempSync(join(temporary, "root-"));
    fill(directory);
    await removeDirectory(directory);
    expect(exists(directory)).toBe(false);
  });

  it("is removed where there is no time to wait, too", () => {
    const directory = new TemporaryDirectory();
    const inside = directory.inside("root");
    fill(inside);
    directory.removeNow();
    expect(exists(inside)).toBe(false);
  });

  it("is removed without touching what its links lead to", async () => {
    const kept = join(temporary, "kept");
    mkdirSync(kept, { mode: 0o500 });
    const directory = mkdtempSync(join(temporary, "root-"));
    symlinkSync(kept, join(directory, "link"));
    fill(directory);
    await removeDirectory(directory);
    expect(exists(directory)).toBe(false);
    expect(statSync(kept).mode & 0o777).toBe(0o500);
  });
});

const listeners = () => process.listenerCount("exit");

describe("the hook for the program's end", () => {
  it("is one for all engines, and goes with the last of them", async () => {
    const before = listeners();
    const all = [1, 2, 3].map(() => new Engines({ defaultCreator: "me" }));
    expect(listeners()).toBe(before);
    for (const engines of all) {
      engines.create(ENGINE);
    }
    expect(listeners()).toBe(before + 1);
    await all[0]?.close();
    expect(listeners()).toBe(before + 1);
    await Promise.all(all.map((engines) => engines.close()));
    expect(listeners()).toBe(before);
  });

  it("is not there for engines that could not be made", () => {
    const before = listeners();
    expect(() => new Engines({ defaultCreator: "me", maxSpoolBytes: -1 })).toThrow(TypeError);
    expect(listeners()).toBe(before);
  });

  it("goes on with others where one fails", async () => {
    const fails = onProgramExit(() => {
      throw new Error("no");
    });
    const engines = new Engines({ defaultCreator: "me" });
    const { rootDirectory } = engines.create(ENGINE);
    // This program goes on: only this listener is called.
    process.listeners("exit").at(-1)?.(0);
    expect(exists(rootDirectory)).toBe(false);
    fails();
    await engines.close();
  });
});
