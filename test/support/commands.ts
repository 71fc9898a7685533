import { fileURLToPath } from "node:url";
import type { ProcessSpec } from "../../src/index.js";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** A process that runs a shell script. */
export function shell(script: string, ...args: string[]): ProcessSpec {
  return { command: "/bin/sh", args: ["-c", script, "sh", ...args] };
}

/** A process that runs a program of `test/fixtures`. */
export function fixture(name: string, ...args: string[]): ProcessSpec {
  return { command: process.execPath, args: [`${FIXTURES}${name}`, ...args] };
}

/** A process that runs until it is ended. */
export const FOREVER = shell("exec sleep 600");
