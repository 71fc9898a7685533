import { closeSync, openSync, readSync, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { getSystemErrorMap } from "node:util";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { Clock } from "../clock.js";
import { reasonOf, systemErrorCode } from "../refusals.js";
import { type SpawnedChild, spawnCommand } from "./child-processes.js";
import { OsCommand } from "./os-command.js";
import { PipeDrain } from "./pipe-drain.js";
import { type Pipe, PipePool } from "./pipe-pool.js";
import { ProcessSession, type WatchSession } from "./process-session.js";
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

/**
 * How long after a program's end it is looked what it left behind. The machine must not have given
 * its id to another program by then, and a look must not follow each of many short programs.
 */
const REVIEW_MS = 1_000;
/** How long after a look that found something the next one is. */
const AGAIN_MS = 5_000;

/** Runs commands as processes of this machine. It isolates nothing. */
export class OsRunner implements Runner {
  readonly #clock: Clock;
  readonly #pipes: PipePool;
  readonly #watch: WatchSession;
  /** Those of which something may be left. */
  readonly #commands = new Set<OsCommand>();
  #reviewTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param fifoDirectory where to make FIFOs; asked for when the first process is started.
   * @param watch tells the watchdog about a session that was just started.
   */
  constructor(clock: Clock, fifoDirectory: () => string, watch: WatchSession) {
    this.#clock = clock;
    this.#pipes = new PipePool(fifoDirectory);
    this.#watch = watch;
  }

  async run(command: Command, sink: OutputSink): Promise<RunningCommand> {
    const [stdout, stderr] = await this.#pipes.openTwo();
    const child = await spawnWithPipes(command, stdout, stderr);
    const session = new ProcessSession(child.pid, this.#watch);
    const drains = [
      new PipeDrain(stdout, OutputStream.STDOUT, sink, this.#clock),
      new PipeDrain(stderr, OutputStream.STDERR, sink, this.#clock),
    ];
    const onLeaderEnd = () => this.#reviewSoon();
    const running = new OsCommand(child, session, drains, this.#clock, onLeaderEnd);
    this.#commands.add(running);
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
    this.#closed = true;
    this.#review();
    return this.#pipes.close();
  }

  /**
   * A look at all processes of the machine costs milliseconds, which each program's end must not.
   */
  #reviewSoon(): void {
    this.#reviewTimer ??= setTimeout(() => this.#review(), REVIEW_MS).unref();
  }

  #review(): void {
    clearTimeout(this.#reviewTimer);
    this.#reviewTimer = undefined;
    let left = false;
    for (const running of this.#commands) {
      if (running.review()) {
        this.#commands.delete(running);
      } else {
        left ||= running.hasLeaderEnded;
      }
    }
    if (left && !this.#closed) {
      // What is known of a session are the members that were seen, and they may end before others.
      this.#reviewTimer = setTimeout(() => this.#review(), AGAIN_MS).unref();
    }
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
    throw refusalOf(command, error);
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

function refusalOf(command: Command, error: unknown): CommandRefusedError {
  const name = command.command;
  const code = systemErrorCode(error);
  if (code === "ENOENT") {
    const file = findCommand(command);
    // The system says the same of a script whose interpreter is not there.
    return file === undefined
      ? new CommandRefusedError(127, `${name}: command not found${shellHint(name)}`)
      : new CommandRefusedError(126, `${name}: ${reasonOfMissing(file)}`);
  }
  const known = [...getSystemErrorMap().values()].find(([systemCode]) => systemCode === code);
  return new CommandRefusedError(126, `${name}: ${known?.[1] ?? reasonOf(error)}`);
}

/** The file that a command stands for, as execvp(3) looks for it. */
function findCommand({ command, environment, workingDirectory }: Command): string | undefined {
  const directories = command.includes("/") ? [""] : (environment["PATH"] ?? "").split(delimiter);
  return directories
    .map((directory) => resolve(workingDirectory, directory, command))
    .find((file) => isFile(file));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The most that Linux reads of a script's first line. */
const FIRST_LINE_BYTES = 256;

/** Why a file that is there cannot be executed because another one is not. */
function reasonOfMissing(file: string): string {
  const head = Buffer.alloc(FIRST_LINE_BYTES);
  try {
    const descriptor = openSync(file, "r");
    try {
      readSync(descriptor, head);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // One that may be executed and not be read.
  }
  const [, interpreter] = /^#![ \t]*([^\n\0 \t]+)/.exec(head.toString("latin1")) ?? [];
  if (interpreter === undefined) {
    return "cannot execute: a file that it requires was not found";
  }
  // A script from Windows names "/bin/sh\r", which would not be seen.
  const shown = JSON.stringify(interpreter).slice(1, -1);
  return `${shown}: bad interpreter: no such file or directory`;
}

/** For who wrote a command line: all of it was taken for the name of a program. */
function shellHint(command: string): string {
  return /[\s|&;<>$`]/.test(command)
    ? " (no shell reads the command: give its arguments as args, or run sh with the args -c and the line)"
    : "";
}
