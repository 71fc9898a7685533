import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What the tests install and make. Also stands in the adaptors' tsconfig.json. */
export const cache = join(root, "node_modules/.cache/aiem-process-client/conformance");

// `go install` downloads and compiles some 30 modules.
const MAX_MS = 240_000;

/**
 * Runs a program, one of the development dependencies before one in PATH.
 *
 * @returns what it wrote to standard output
 * @throws Error with all that it wrote where it fails.
 */
export function run(
  command: string,
  args: string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    timeout: MAX_MS,
    env: {
      ...process.env,
      PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
      // One that is too old for the suite says so, and does not fetch a newer one.
      GOTOOLCHAIN: "local",
      ...env,
    },
  });
  if (status !== 0) {
    const reason = error?.message ?? [stdout, stderr].join("\n").trim();
    throw new Error(`${command} ${args[0]} failed: ${reason}`);
  }
  return stdout;
}
