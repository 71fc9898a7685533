import { type ChildProcess, spawn } from "node:child_process";
import { CliError, errorCode, messageOf } from "./failure.js";
import { ENDING_SIGNALS, exitCodeOfSignal, onSignals } from "./signals.js";

// As a shell tells it.
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Runs a command with this program's own stdin, stdout and stderr, and returns its exit code: 128 + n
 * where signal n ended it.
 *
 * Signals that end programs go to the command, and this program waits for it. A terminal sends INT and
 * QUIT to both of them by itself; forwarded as well, they would arrive twice.
 *
 * @throws CliError with 127 where there is no such command, and with 126 where it cannot be executed.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const isTerminal = process.stdin.isTTY === true;
  let stopSignals: (() => void) | undefined;
  try {
    const child = spawn(command, args, { env, stdio: "inherit" });
    stopSignals = onSignals(ENDING_SIGNALS, (signal) => {
      if (!(isTerminal && (signal === "SIGINT" || signal === "SIGQUIT"))) {
        child.kill(signal);
      }
    });
    return await exitCodeOf(child);
  } catch (error) {
    throw notStarted(command, error);
  } finally {
    stopSignals?.();
  }
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      resolve(code ?? (signal === null ? 128 : exitCodeOfSignal(signal))),
    );
  });
}

function notStarted(command: string, error: unknown): CliError {
  const isMissing = errorCode(error) === "ENOENT";
  const why = isMissing ? "not found" : messageOf(error);
  const exitCode = isMissing ? NOT_FOUND : NOT_EXECUTABLE;
  return new CliError(`${command} could not be started: ${why}`, { exitCode, cause: error });
}
