import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Makes a folder of a cache, unless an earlier run has. At once as a whole, so that nobody takes one
 * that is half made.
 *
 * @param make fills the folder that it gets.
 */
export function madeOnce(folder: string, make: (making: string) => void): void {
  if (existsSync(folder)) {
    return;
  }
  const cache = dirname(folder);
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, "making-"));
  try {
    make(making);
    renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
