import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder } from "./source-files.mjs";

/** A file longer than this holds more than one concept. */
const maxLines = 350;

/**
 * The lengths of the source files.
 *
 * @param {string} root the repository's folder
 * @returns {{ median: number, tooLong: string[] }} `tooLong` has one sentence a file
 */
export function fileSizes(root) {
  const sizes = filesUnder(root, "src")
    .map((file) => ({ file, lines: lineCount(readFileSync(join(root, file), "utf8")) }))
    .sort((a, b) => a.lines - b.lines);
  return {
    median: sizes[Math.floor(sizes.length / 2)]?.lines ?? 0,
    tooLong: sizes
      .filter(({ lines }) => lines > maxLines)
      .map(({ file, lines }) => `${file} has ${lines} lines, more than ${maxLines}: split it`),
  };
}

/** @param {string} text */
function lineCount(text) {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}
