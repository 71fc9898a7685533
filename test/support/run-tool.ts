import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

// `go install` downloads and compiles some 30 modules: four minutes for grpcurl on a busy machine.
const MAX_MS = 480_000;

/** Where a tool runs besides in the repository, and with what. */
export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program, one of the development dependencies before one in PATH.
 *
 * @returns what it wrote to standard output
 * @throws Error with all that it wrote where it fails.
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = {} }: ToolOptions = {},
): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: MAX_MS,
    env: {
      ...process.env,
      PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
      // A Go that is too old says so, and does not fetch a newer one.
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
