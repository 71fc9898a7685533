/**
 * Makes a release: the version and the changelog's heading, the contract that later changes are
 * checked against, a commit and a tag. It pushes and publishes nothing: that begins with pushing the tag.
 *
 * Usage: npm run release -- VERSION [--dry-run]
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { toolEnvironment } from "./tool-environment.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const UNRELEASED = "## Unreleased";

try {
  const { values, positionals } = parseArgs({
    options: { "dry-run": { type: "boolean" } },
    allowPositionals: true,
  });
  const [version = "", ...rest] = positionals;
  if (rest.length > 0 || parseVersion(version) === undefined) {
    throw new Error("usage: npm run release -- VERSION [--dry-run], such as 0.2.0 or 0.2.0-rc.1");
  }
  release(version, values["dry-run"] ?? false);
} catch (error) {
  console.error(`No release: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/**
 * @param {string} version
 * @param {boolean} isDry
 */
function release(version, isDry) {
  const current = JSON.parse(readText("package.json")).version;
  refuse(version, current);
  const changes = unreleased(readText("CHANGELOG.md"));
  if (changes === "") {
    throw new Error("CHANGELOG.md has no entries under Unreleased");
  }
  run("node", "scripts/check-generated.mjs");

  const files = newTexts(version, current);
  console.log(`${current} becomes ${version} in ${[...files.keys()].join(", ")}`);
  console.log("proto.baseline.binpb becomes the contract as it is");
  console.log(`v${version} is tagged, with what the changelog says:\n\n${changes}\n`);
  if (isDry) {
    console.log("Nothing was changed (--dry-run).");
    return;
  }
  const before = run("git", "rev-parse", "HEAD");
  try {
    for (const [file, text] of files) {
      writeFileSync(join(root, file), text);
    }
    run("buf", "build", "proto", "--output", "proto.baseline.binpb");
    run("git", "commit", "--quiet", "--all", "--message", `Release ${version}`);
    // Verbatim, because headings of the changelog would be dropped as comments.
    const message = `${version}\n\n${changes}\n`;
    run("git", "tag", "--annotate", "--cleanup=verbatim", "--message", message, `v${version}`);
  } catch (error) {
    // The tree was clean, so that nothing of anyone's is lost.
    run("git", "reset", "--quiet", "--hard", before);
    throw error;
  }
  console.log(`Next, to publish it: git push --atomic origin main v${version}`);
}

/**
 * @param {string} version
 * @param {string} current
 */
function refuse(version, current) {
  const branch = run("git", "branch", "--show-current");
  if (branch !== "main") {
    throw new Error(`the branch is ${branch || "none"}, not main`);
  }
  const changed = run("git", "status", "--porcelain");
  if (changed !== "") {
    throw new Error(`there are changes that are not committed:\n${changed}`);
  }
  const tags = run("git", "tag", "--list", "v*").split("\n");
  if (tags.includes(`v${version}`)) {
    throw new Error(`the tag v${version} is there already`);
  }
  const higher = tags
    .map((tag) => tag.slice(1))
    .find((tag) => parseVersion(tag) && compareVersions(tag, version) >= 0);
  if (higher !== undefined) {
    throw new Error(`${version} is not higher than ${higher}, which is released`);
  }
  // The first release may have the version that the package has already.
  if (compareVersions(version, current) < 0) {
    throw new Error(`${version} is lower than the package's ${current}`);
  }
}

/**
 * The files that name the version, as they are to be.
 *
 * @param {string} version
 * @param {string} current
 * @returns {Map<string, string>}
 */
function newTexts(version, current) {
  const date = new Date().toISOString().slice(0, 10);
  const field = `"version": "${current}"`;
  // As text, which keeps the format. The lock file has it twice at its head; others of its packages
  // may have the same version.
  const heads = { "package.json": 1, "package-lock.json": 2 };
  const texts = new Map(
    Object.entries(heads).map(([file, count]) => {
      const [first = "", ...rest] = readText(file).split(field);
      const parts = rest.map((part, index) => [
        index < count ? field.replace(current, version) : field,
        part,
      ]);
      return [file, [first, ...parts.flat()].join("")];
    }),
  );
  const source = "src/model/version.ts";
  texts.set(source, readText(source).replace(`"${current}"`, `"${version}"`));
  texts.set(
    "CHANGELOG.md",
    readText("CHANGELOG.md").replace(UNRELEASED, `${UNRELEASED}\n\n## ${version} (${date})`),
  );
  // What documents and examples install.
  const installed = new RegExp(
    `(aiem-process-client[@-])${current.replaceAll(".", "\\.")}(?![\\w-])`,
    "g",
  );
  for (const file of run("git", "ls-files", "README.md", "docs", "examples").split("\n")) {
    const text = readText(file);
    const renewed = text.replaceAll(installed, `$1${version}`);
    if (renewed !== text) {
      texts.set(file, renewed);
    }
  }
  return texts;
}

/** @param {string} changelog */
function unreleased(changelog) {
  const [, after = ""] = changelog.split(`${UNRELEASED}\n`);
  return (after.split(/^## /m)[0] ?? "").trim();
}

/** @param {string} text */
function parseVersion(text) {
  const { 1: numbers, 2: prerelease = "" } =
    /^((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2})(?:-([0-9A-Za-z.-]+))?$/.exec(text) ?? [];
  return numbers === undefined
    ? undefined
    : { numbers: numbers.split(".").map(Number), prerelease };
}

/**
 * @param {string} a
 * @param {string} b
 * @returns {number} less than 0 where `a` is the lower one
 */
function compareVersions(a, b) {
  const [one, other] = [parseVersion(a), parseVersion(b)];
  if (one === undefined || other === undefined) {
    throw new Error(`${one === undefined ? a : b} is no version`);
  }
  for (const [index, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  // A prerelease comes before its release.
  if (one.prerelease === "" || other.prerelease === "") {
    return Number(one.prerelease === "") - Number(other.prerelease === "");
  }
  return one.prerelease.localeCompare(other.prerelease, "en", { numeric: true });
}

/** @param {string} file */
function readText(file) {
  return readFileSync(join(root, file), "utf8");
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string} what it wrote to standard output
 */
function run(command, ...args) {
  return execFileSync(command, args, {
    cwd: root,
    env: toolEnvironment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trimEnd();
}
