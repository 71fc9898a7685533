import type { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";

/** A stream that a process writes to. */
export type WrittenStream = OutputStream.STDOUT | OutputStream.STDERR;

/** What to execute. */
export interface Command {
  /** A path, or a name that is looked up in the environment's PATH. No shell interprets it. */
  readonly command: string;
  /** The arguments, without the program's own name. */
  readonly args: readonly string[];
  /** An absolute path on the machine; it exists and is a directory. */
  readonly workingDirectory: string;
  /** The whole environment: nothing else is inherited. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where a runner puts the output as it arrives. It never throws and never rejects. */
export interface OutputSink {
  /**
   * Takes one chunk, which must not change afterwards. `true`: go on reading. A promise: stop
   * reading until it resolves. Where it resolves to false, nothing is taken any more: close the pipe,
   * so that the writer gets SIGPIPE or EPIPE, as it does where it writes to a program that has ended.
   */
  write(stream: WrittenStream, data: Uint8Array): true | Promise<boolean>;
}

/** How the program ended: by itself with an exit code, or by a signal. */
export type CommandEnd = { readonly exitCode: number } | { readonly signal: number };

/** A program that was started. */
export interface RunningCommand {
  /** Resolves once the program has ended and its output was given to the sink. Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /**
   * Sends a signal to the whole session where it is one that ends programs, what outlived the program
   * included, else to the program's own group.
   * @returns whether there was a process to send it to.
   * @throws the system's error where it cannot be sent to any of those that there are: EPERM where
   * they became another user's, EINVAL where the machine has no such signal.
   */
  signal(signal: number): boolean;
  /**
   * Kills the whole session, what outlived the program included, and gives its pipes up.
   * Resolves when the program has ended.
   * @throws {Error} naming the session, where that cannot be killed or does not end in time.
   */
  kill(): Promise<void>;
}

/** Executes programs. */
export interface Runner {
  /**
   * Starts a program.
   * @throws {CommandRefusedError} where the system cannot execute it.
   */
  run(command: Command, sink: OutputSink): Promise<RunningCommand>;
}

/** The system cannot execute the command. The message is the reason, for the captured output. */
export class CommandRefusedError extends Error {
  /** 127 where the command was not found, 126 where it cannot be executed, as shells have it. */
  readonly exitCode: 126 | 127;

  constructor(exitCode: 126 | 127, reason: string) {
    super(reason);
    this.name = "CommandRefusedError";
    this.exitCode = exitCode;
  }
}
