import { closeSync } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { Clock } from "../clock.js";
import { reasonOf, systemErrorCode } from "../refusals.js";
import { type SpawnedChild, spawnCommand } from "./child-processes.js";
import { OsCommand } from "./os-command.js";
import { PipeDrain } from "./pipe-drain.js";
import { type Pipe, PipePool } from "./pipe-pool.js";
import {
  type Command,
  CommandRefusedError,
  type OutputSink,
  type Runner,
  type RunningCommand,
} from "./runner.js";

/** The machine has no room for one more process: no fault of the command. */
const SHORTAGES: ReadonlySet<string | undefined> = new Set([
  "EMFILE",
  "ENFILE",
  "EAGAIN",
  "ENOMEM",
]);

/** Runs commands as processes of this machine. It isolates nothing. */
export class OsRunner implements Runner {
  readonly #clock: Clock;
  readonly #pipes: PipePool;
  /** Those of which something may be left. */
  readonly #commands = new Set<OsCommand>();

  /** @param fifoDirectory where to make FIFOs; asked for when the first process is started. */
  constructor(clock: Clock, fifoDirectory: () => string) {
    this.#clock = clock;
    this.#pipes = new PipePool(fifoDirectory);
  }

  async run(command: Command, sink: OutputSink): Promise<RunningCommand> {
    const [stdout, stderr] = await this.#pipes.openTwo();
    const child = await spawnWithPipes(command, stdout, stderr);
    const drains = [
      new PipeDrain(stdout, OutputStream.STDOUT, sink, this.#clock),
      new PipeDrain(stderr, OutputStream.STDERR, sink, this.#clock),
    ];
    const running = new OsCommand(child, drains, this.#clock);
    this.#commands.add(running);
    void running.pipesClosed.then(() => running.isGone && this.#commands.delete(running));
    return running;
  }

  /** Kills everything that it started: for a program that ends, and cannot wait. */
  killNow(): void {
    for (const running of this.#commands) {
      running.killNow();
    }
  }

  /** Resolves when nothing of the runner's own is running any more. */
  close(): Promise<void> {
    return this.#pipes.close();
  }
}

/** Spawns, and closes of the pipes what is not needed afterwards: the write ends, or all. */
async function spawnWithPipes(command: Command, stdout: Pipe, stderr: Pipe): Promise<SpawnedChild> {
  let child: SpawnedChild | undefined;
  try {
    child = await spawnCommand(command, { stdout: stdout.writeEnd, stderr: stderr.writeEnd });
    return child;
  } catch (error) {
    if (SHORTAGES.has(systemErrorCode(error))) {
      throw error;
    }
    throw refusalOf(command.command, error);
  } finally {
    for (const pipe of [stdout, stderr]) {
      // As long as we hold a write end, the pipe never comes to its end.
      closeSync(pipe.writeEnd);
      if (child === undefined) {
        closeSync(pipe.readEnd);
        pipe.release(true);
      }
    }
  }
}

function refusalOf(command: string, error: unknown): CommandRefusedError {
  const code = systemErrorCode(error);
  if (code === "ENOENT") {
    return new CommandRefusedError(127, `${command}: command not found${shellHint(command)}`);
  }
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return new CommandRefusedError(126, `${command}: ${known?.[1] ?? reasonOf(error)}`);
}

/** For who wrote a command line: all of it was taken for the name of a program. */
function shellHint(command: string): string {
  return /[\s|&;<>$`]/.test(command)
    ? " (no shell reads the command: give its arguments as args, or run sh with the args -c and the line)"
    : "";
}
