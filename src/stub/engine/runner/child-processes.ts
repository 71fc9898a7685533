import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { promisify } from "node:util";
import type { Command, CommandEnd } from "./runner.js";

// The only module that makes processes: one place to read for what is executed, and how.

const executeFile = promisify(execFile);

/** A child that was started. */
export interface SpawnedChild {
  readonly pid: number;
  /** Resolves when the child itself has ended, whatever holds its output open. Never rejects. */
  readonly exited: Promise<CommandEnd>;
  /** Lets this program end before the child has. */
  release(): void;
}

/**
 * Starts a command in a session, and so in a process group, of its own. Its standard output and
 * error are the given file descriptors, which stay the caller's.
 * @throws the system's error where the command cannot be executed.
 */
export async function spawnCommand(
  { command, args, workingDirectory, environment }: Command,
  output: { readonly stdout: number; readonly stderr: number },
): Promise<SpawnedChild> {
  const child = spawn(command, args, {
    cwd: workingDirectory,
    // An own key keeps Node from passing its own NODE_V8_COVERAGE on.
    env: { NODE_V8_COVERAGE: undefined, ...environment },
    stdio: ["ignore", output.stdout, output.stderr],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await once(child, "error");
    throw error;
  }
  const exited = new Promise<CommandEnd>((resolve) => {
    child.once("exit", (exitCode, signal) =>
      resolve(
        signal === null ? { exitCode: exitCode ?? 0 } : { signal: constants.signals[signal] },
      ),
    );
  });
  return { pid, exited, release: () => child.unref() };
}

/**
 * Makes a FIFO at each path.
 * @throws where `mkfifo` is missing or fails.
 */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  await executeFile("mkfifo", ["-m", "600", ...paths]);
}
