import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileSizes } from "../../scripts/file-sizes.mjs";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "aiem-sizes-"));
  mkdirSync(join(root, "src"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("names the files of more than 350 lines, and the median", () => {
  for (const [name, lines] of Object.entries({ small: 10, usual: 90, full: 350, over: 351 })) {
    writeFileSync(join(root, "src", `${name}.ts`), "//\n".repeat(lines));
  }
  expect(fileSizes(root)).toEqual({
    median: 350,
    tooLong: ["src/over.ts has 351 lines, more than 350: split it"],
  });
});
