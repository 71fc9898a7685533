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

it("names the files of more than 250 lines, and the median", () => {
  for (const [name, lines] of Object.entries({ small: 10, usual: 90, full: 250, over: 251 })) {
    writeFileSync(join(root, "src", `${name}.ts`), "//\n".repeat(lines));
  }
  expect(fileSizes(root)).toEqual({
    median: 250,
    tooLong: ["src/over.ts has 251 lines, more than 250: split it"],
  });
});
