/**
 * Writes the API reference, as HTML, from the comments of what the package exports. A name without a
 * comment, or a link that leads nowhere, is an error.
 *
 * Usage: node scripts/reference/generate.mjs [FOLDER]   docs/reference unless told otherwise
 *
 * Exits with 69 (EX_UNAVAILABLE) where there is no registry to install the generator from.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, "../../node_modules/.cache/aiem-process-client/reference");
const config = join(here, "typedoc.config.mjs");
const NOT_INSTALLED = 69;
const [folder] = process.argv.slice(2);

try {
  const typedoc = join(installed(), "node_modules/typedoc/bin/typedoc");
  const out = folder === undefined ? [] : ["--out", folder];
  process.exitCode = run(process.execPath, [typedoc, "--options", config, ...out], process.cwd());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = NOT_INSTALLED;
}

/** The folder with the generator, installed by npm the first time that it is wanted. */
function installed() {
  const lock = readFileSync(join(here, "package-lock.json"));
  const target = join(cache, createHash("sha256").update(lock).digest("hex").slice(0, 16));
  if (!existsSync(target)) {
    mkdirSync(cache, { recursive: true });
    const making = mkdtempSync(join(cache, "making-"));
    try {
      for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
        copyFileSync(join(here, file), join(making, file));
      }
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"];
      if (run("npm", ["ci", ...quiet], making) !== 0) {
        throw new Error("npm cannot install the generator");
      }
      renameSync(making, target);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  return target;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  return spawnSync(command, args, { cwd, stdio: "inherit" }).status ?? 1;
}
