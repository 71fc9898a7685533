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
import {
  removeDirectory,
  TemporaryDirectory,
} from "../../../src/stub/engine/temporary-directory.js";
import { exists } from "./support.js";

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
