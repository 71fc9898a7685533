// @ts-check
import { readFileSync, writeFileSync } from "node:fs";

/**
 * The memory of a process of this machine, in megabytes (10^6 bytes): now, and at its peak.
 *
 * @param {number} pid
 */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { rss: megabytes(status, "VmRSS"), peak: megabytes(status, "VmHWM") };
}

/**
 * Lets the peak begin anew: what a process took to load its code is no matter of its output.
 *
 * @param {number} pid
 */
export function forgetPeak(pid) {
  // proc_pid_clear_refs(5): 5 resets VmHWM.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/**
 * @param {string} status
 * @param {string} field
 */
function megabytes(status, field) {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  if (kibibytes === undefined) {
    throw new Error(`/proc tells no ${field}: this needs Linux`);
  }
  return (Number(kibibytes) * 1024) / 1e6;
}
