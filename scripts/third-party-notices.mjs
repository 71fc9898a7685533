import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The copyright notices and licences of the packages whose code a bundle holds: their licence files,
 * and what the heads of their source files say, since some packages have no such file.
 *
 * @param {readonly string[]} modules the paths of the bundled files
 * @returns {string}
 */
export function noticesOf(modules) {
  /** @type {Map<string, Set<string>>} */
  const headsByFolder = new Map();
  for (const path of modules) {
    const folder = packageFolder(path);
    if (folder !== undefined) {
      const heads = headsByFolder.get(folder) ?? new Set();
      headsByFolder.set(folder, heads);
      for (const head of copyrightComments(readFileSync(path, "utf8"))) {
        heads.add(head);
      }
    }
  }
  const sections = [...headsByFolder]
    .map(([folder, heads]) => section(folder, [...heads]))
    .sort((a, b) => (a < b ? -1 : 1));
  return [
    "The files beside this one hold code of the packages below, besides that of aiem-process-client.",
    "The Apache License, Version 2.0, is in LICENSE at the root of aiem-process-client.",
    ...sections,
  ].join("\n\n");
}

/**
 * @param {string} path
 * @returns {string | undefined} undefined for files of our own, and for those of the bundler
 */
function packageFolder(path) {
  if (!path.includes(join("node_modules", "/"))) {
    return undefined;
  }
  // A folder inside of a package may have a package.json that tells the kind of modules only.
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version !== undefined) {
      return folder;
    }
  }
  return undefined;
}

/**
 * @param {string} folder
 * @param {readonly string[]} heads
 */
function section(folder, heads) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = [...files.map((file) => readFileSync(join(folder, file), "utf8").trim()), ...heads];
  if (texts.length === 0) {
    throw new Error(`${name} has neither a licence file nor a notice in its sources`);
  }
  return [`${"=".repeat(80)}\n${name} ${version} (${license})`, ...texts].join("\n\n");
}

/**
 * The comments of a source file that claim a copyright, as plain text.
 *
 * @param {string} source
 */
function copyrightComments(source) {
  const comments = source.match(/\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm) ?? [];
  return comments
    .filter((comment) => /copyright/i.test(comment))
    .map((comment) =>
      comment
        .split("\n")
        .map((line) =>
          line
            .replace(/^\s*(\/\/|\/\*\*?|\*\/|\*)? ?/, "")
            .replace(/\s*\*\/$/, "")
            .trimEnd(),
        )
        .join("\n")
        .trim(),
    );
}
