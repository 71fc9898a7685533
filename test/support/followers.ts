import { fstatSync, readdirSync, readFileSync } from "node:fs";
import { platform } from "node:process";

const ACCESS_MODE = 0o3;
const READ_ONLY = 0;

/** Whether `openFollowers` can count on this platform. */
export const COUNTS_FOLLOWERS = platform === "linux";

/**
 * How many files this program has open for reading: each follower of a stub engine in this program
 * holds one once it has read output, whatever the protocol is. Compare with the number before.
 */
export function openFollowers(): number {
  return readdirSync("/proc/self/fd").filter(isFileForReading).length;
}

function isFileForReading(fd: string): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    const mode = Number.parseInt(flags ?? "", 8) & ACCESS_MODE;
    return mode === READ_ONLY && fstatSync(Number(fd)).isFile();
  } catch {
    // The descriptor of the listing itself is closed by now.
    return false;
  }
}
