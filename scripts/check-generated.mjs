import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder } from "./source-files.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).slice(0, -1);
const fresh = mkdtempSync(join(tmpdir(), "aiem-generated-"));
try {
  const buf = spawnSync("buf", ["generate", "--output", fresh], { cwd: root, stdio: "inherit" });
  if (buf.status === 0) {
    const stale = staleFiles(root, fresh);
    for (const file of stale) {
      console.error(
        `${file} is not what proto/ and third_party/ generate: run npm run generate and commit it`,
      );
    }
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    console.error(buf.error ?? "buf generate failed");
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/**
 * @param {string} committed
 * @param {string} generated
 * @returns {string[]} files that differ, are missing or are left over
 */
function staleFiles(committed, generated) {
  const before = new Set(filesUnder(committed, "gen"));
  const after = new Set(filesUnder(generated, "gen"));
  return [...new Set([...before, ...after])].filter(
    (file) =>
      !before.has(file) ||
      !after.has(file) ||
      !readFileSync(join(committed, file)).equals(readFileSync(join(generated, file))),
  );
}
