import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder } from "./source-files.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).slice(0, -1);
const fresh = mkdtempSync(join(tmpdir(), "aiem-generated-"));
try {
  const script = join(root, "scripts/generate.mjs");
  const generated = spawnSync(process.execPath, [script, fresh], { stdio: "inherit" });
  if (generated.status === 0) {
    const stale = staleFiles(root, fresh);
    for (const file of stale) {
      console.error(
        `${file} is not what proto/ and third_party/ generate: run npm run generate and commit it`,
      );
    }
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    console.error(generated.error ?? "scripts/generate.mjs failed");
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
  const files = [committed, generated].flatMap((folder) => filesUnder(folder, "gen"));
  return [...new Set([...files, "proto/descriptor-set.binpb"])].filter(
    (file) =>
      !existsSync(join(committed, file)) ||
      !existsSync(join(generated, file)) ||
      !readFileSync(join(committed, file)).equals(readFileSync(join(generated, file))),
  );
}
