import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** How a program ended. */
export interface ProgramRun {
  /** `null` where a signal ended it, as it does after `maxMs`. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a program runs, with what, and for how long. */
export interface RunOptions {
  readonly cwd?: string;
  /** Its whole environment; by default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** After how long it is ended, and all that it started with it, in milliseconds. */
  readonly maxMs: number;
}

/** Runs a program to its end, with no input. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  { cwd, env, maxMs }: RunOptions,
): Promise<ProgramRun> {
  // A group of its own: ended alone, a shell or a test suite leaves behind what it started, which
  // holds the pipes open.
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  const timer = setTimeout(() => pid !== undefined && process.kill(-pid, "SIGKILL"), maxMs);
  const [exitCode, stdout, stderr] = await Promise.all([
    endOf(child),
    text(child.stdout),
    text(child.stderr),
  ]).finally(() => clearTimeout(timer));
  return { exitCode, stdout, stderr };
}

/** Waits for the end of a program and of its output, and gives its exit code. */
export function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
}
