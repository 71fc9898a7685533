import { closeSync } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { Clock } from "../clock.js";
import { reasonOf, systemErrorCode } from "../refusals.js";
import { type SpawnedChild, spawnCommand } from "./child-processes.js";
import { OsCommand } from "./os-command.js";
import { PipeDrain } from "./pipe-drain.js";
import { FifoPool, openPipes, type Pipe } from "./pipe-pool.js";
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
  readonly #fifos: FifoPool;
  /** Those of which something may be left. */
  readonly #commands = new Set<OsCommand>();

  /** @param fifoDirectory where to make FIFOs; asked for when the first process is started. */
  constructor(clock: Clock, fifoDirectory: () => string) {
    this.#clock = clock;
    this.#fifos = new FifoPool(fifoDirectory);
  }

  async run(command: Command, sink: OutputSink): Promise<RunningCommand> {
    const fifos = await Promise.all([this.#fifos.take(), this.#fifos.take()]);
    const [stdout, stderr] = openPipes(fifos);
    if (stdout === undefined || stderr === undefined) {
      throw new Error("two pipes are needed");
    }
    const child = await spawnWithPipes(command, stdout, stderr);
    const drains = [
      new PipeDrain(stdout.readEnd, OutputStream.STDOUT, sink, this.#clock),
      new PipeDrain(stderr.readEnd, OutputStream.STDERR, sink, this.#clock),
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
    return this.#fifos.close();
  }
}

/** Spawns, and keeps of the pipes what is needed afterwards: the read ends, or nothing. */
async function spawnWithPipes(command: Command, stdout: Pipe, stderr: Pipe): Promise<SpawnedChild> {
  try {
    return await spawnCommand(command, { stdout: stdout.writeEnd, stderr: stderr.writeEnd });
  } catch (error) {
    closeSync(stdout.readEnd);
    closeSync(stderr.readEnd);
    if (SHORTAGES.has(systemErrorCode(error))) {
      throw error;
    }
    throw refusalOf(command.command, error);
  } finally {
    // As long as we hold a write end, the pipe never comes to its end.
    closeSync(stdout.writeEnd);
    closeSync(stderr.writeEnd);
  }
}

function refusalOf(command: string, error: unknown): CommandRefusedError {
  const code = systemErrorCode(error);
  if (code === "ENOENT") {
    return new CommandRefusedError(127, `${command}: command not found`);
  }
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return new CommandRefusedError(126, `${command}: ${known?.[1] ?? reasonOf(error)}`);
}
