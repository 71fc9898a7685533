import { closeSync } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { Clock } from "../clock.js";
import { reasonOf, systemErrorCode } from "../refusals.js";
import { type SpawnedChild, spawnCommand } from "./child-processes.js";
import { FifoPool } from "./fifo-pool.js";
import { openPipes, type Pipe } from "./pipe.js";
import { PipeDrain } from "./pipe-drain.js";
import { ProcessGroup } from "./process-group.js";
import {
  type Command,
  type CommandEnd,
  CommandRefusedError,
  type OutputSink,
  type Runner,
  type RunningCommand,
} from "./runner.js";
import { endsUnnamed } from "./unnamed-signals.js";

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

  /** @param fifoDirectory where to make FIFOs; asked for when the first process is started. */
  constructor(clock: Clock, fifoDirectory: () => string) {
    this.#clock = clock;
    this.#fifos = new FifoPool(fifoDirectory);
  }

  async run(command: Command, sink: OutputSink): Promise<RunningCommand> {
    const fifos = await Promise.all([this.#fifos.take(), this.#fifos.take()]);
    const [stdout, stderr] = openPipes(fifos);
    if (stdout === undefined || stderr === undefined) throw new Error("two pipes are needed");
    const child = await spawnWithPipes(command, stdout, stderr);
    return superviseChild(child, [
      new PipeDrain(stdout.readEnd, OutputStream.STDOUT, sink, this.#clock),
      new PipeDrain(stderr.readEnd, OutputStream.STDERR, sink, this.#clock),
    ]);
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
    if (SHORTAGES.has(systemErrorCode(error))) throw error;
    throw refusalOf(command.command, error);
  } finally {
    // As long as we hold a write end, the pipe never comes to its end.
    closeSync(stdout.writeEnd);
    closeSync(stderr.writeEnd);
  }
}

function superviseChild(child: SpawnedChild, drains: readonly PipeDrain[]): RunningCommand {
  const group = new ProcessGroup(child.pid);
  let unnamedSignal: number | undefined;
  const finish = async (): Promise<CommandEnd> => {
    const end = await child.exited;
    group.leaderEnded();
    const signal = "exitCode" in end && end.exitCode === 0 ? unnamedSignal : undefined;
    for (const drain of drains) drain.programEnded();
    await Promise.all(drains.map((drain) => drain.ended));
    return signal === undefined ? end : { signal };
  };
  return {
    pid: child.pid,
    ended: finish(),
    signal(signal) {
      if (endsUnnamed(child.pid, signal)) unnamedSignal ??= signal;
      return group.signal(signal);
    },
  };
}

function refusalOf(command: string, error: unknown): CommandRefusedError {
  const code = systemErrorCode(error);
  if (code === "ENOENT") return new CommandRefusedError(127, `${command}: command not found`);
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return new CommandRefusedError(126, `${command}: ${known?.[1] ?? reasonOf(error)}`);
}
