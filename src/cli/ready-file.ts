import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { CliError, messageOf } from "./failure.js";

/**
 * Writes a file that others wait for: it is there as a whole or not at all, and only its owner can read
 * it, since it has a token.
 *
 * @returns how to remove it; another program's that has taken its place is left.
 */
export function writeReadyFile(path: string, text: string): () => void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new CliError(`--ready-file cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return () => {
    if (isStill(path, text)) {
      rmSync(path, { force: true });
    }
  };
}

function isStill(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") === text;
  } catch {
    return false;
  }
}
