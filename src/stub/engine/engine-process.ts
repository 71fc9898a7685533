import { ConnectError } from "@connectrpc/connect";
import {
  type OutputFrame,
  OutputStream,
  type Process,
  Process_State,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { MAX_SIGNAL, signalNumber } from "../../model/signals.js";
import { Changes } from "./changes.js";
import type { EngineDependencies } from "./dependencies.js";
import { type FollowOptions, type OutputChunk, ProcessOutput } from "./process-output.js";
import type { ProcessRecord } from "./process-record.js";
import {
  failedPrecondition,
  internal,
  invalidArgument,
  permissionDenied,
  reasonOf,
  systemErrorCode,
} from "./refusals.js";
import { type Command, CommandRefusedError, type RunningCommand } from "./runner/runner.js";
import type { Spool, SpoolOptions } from "./spool/spool.js";

/** What a process is made with, by its engine. */
export interface EngineProcessOptions {
  readonly record: ProcessRecord;
  /** How large its specification is as a message. */
  readonly specBytes: number;
  /** Its place in the order of creation. */
  readonly creationNumber: number;
  readonly dependencies: EngineDependencies;
  readonly spool: Omit<SpoolOptions, "onReadable">;
  /** What to execute: refuses where the process cannot be started now. */
  prepare(): Command;
}

/** A process of an engine, from its creation to its end. Errors are `ConnectError`s. */
export class EngineProcess {
  readonly creationNumber: number;
  /** How large its specification is as a message. */
  readonly specBytes: number;
  readonly #options: EngineProcessOptions;
  readonly #record: ProcessRecord;
  readonly #spool: Spool;
  readonly #output: ProcessOutput;
  readonly #stateChanges = new Changes();
  readonly #outputChanges = new Changes();
  #starting: Promise<void> | undefined;
  #running: RunningCommand | undefined;
  #completion: Promise<void> | undefined;
  #removal: ConnectError | undefined;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
    this.creationNumber = options.creationNumber;
    this.#record = options.record;
    this.specBytes = options.specBytes;
    this.#spool = options.dependencies.createSpool({
      ...options.spool,
      onReadable: () => this.#outputChanges.announce(),
    });
    this.#output = new ProcessOutput(this.#spool, {
      changes: this.#outputChanges,
      isFinal: () => this.#record.isFinal,
      removal: () => this.#removal,
    });
  }

  /** The resource name. */
  get name(): string {
    return this.#record.name;
  }

  /** The state now. */
  get state(): Process_State {
    return this.#record.state;
  }

  /** The process as it is now, as a fresh message. */
  snapshot(): Process {
    return this.#record.toMessage();
  }

  /**
   * Starts the process. A command that cannot be executed is no error: the process has failed then.
   * @param prepared what to execute, where it was prepared already.
   * @throws FAILED_PRECONDITION where it was started before, and where the engine, a secret version
   * or the working directory is not there; INVALID_ARGUMENT where the working directory leads out
   * of the engine's root. Then it can be started again.
   */
  async start(prepared?: Command): Promise<void> {
    this.#throwIfRemoved();
    if (this.#starting !== undefined || this.state !== Process_State.PENDING) {
      throw failedPrecondition(`${this.name} was started before: a process runs once`);
    }
    this.#starting = this.#launch(prepared);
    try {
      await this.#starting;
    } finally {
      this.#starting = undefined;
    }
  }

  /**
   * Sends a signal to the process's session where it is one that ends programs, else to its own group.
   * @throws INVALID_ARGUMENT unless the number is one of 1 to 64 and of this machine's,
   * FAILED_PRECONDITION where the process is not RUNNING, PERMISSION_DENIED where it became another
   * user's.
   */
  signal(signal: number): void {
    this.#throwIfRemoved();
    if (signalNumber(signal) === undefined) {
      throw invalidArgument(`signal ${signal} is not a signal's number: use 1 to ${MAX_SIGNAL}`);
    }
    if (this.state !== Process_State.RUNNING) {
      throw failedPrecondition(
        `${this.name} is not RUNNING but ${Process_State[this.state]}: it cannot receive signal ${signal}`,
      );
    }
    if (!this.#send(signal)) {
      throw failedPrecondition(`${this.name} has just ended: it cannot receive signal ${signal}`);
    }
  }

  /**
   * Resolves at the final state.
   * @throws the signal's reason where it aborts first; NOT_FOUND where the process is removed.
   */
  async finished(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.#throwIfRemoved();
      if (this.#record.isFinal) {
        return;
      }
      await this.#stateChanges.after(this.#stateChanges.version, signal);
    }
  }

  /**
   * What was captured so far of a stream; UNSPECIFIED is standard output.
   * @throws RESOURCE_EXHAUSTED where it is larger than `maxBytes`, and where the process has
   * finished and bytes of the stream were not captured.
   */
  readOutput(stream: OutputStream, maxBytes: number): Promise<Uint8Array> {
    return this.#output.read(stream, maxBytes);
  }

  /** What was captured so far, chunk by chunk; see `readOutput`. */
  readFrames(maxBytes: number): Promise<OutputFrame[]> {
    return this.#output.readFrames(maxBytes);
  }

  /**
   * The output, live: it waits for the start, and ends after the final state was set and all was
   * read. Leaving the loop, or the signal, releases what it holds.
   * @throws the signal's reason where it aborts; RESOURCE_EXHAUSTED at the end where bytes were not
   * captured; NOT_FOUND where the process is removed.
   */
  follow(options: FollowOptions): AsyncIterable<OutputChunk> {
    return this.#output.follow(options);
  }

  /**
   * Kills the process, and what it left behind; resolves when it has ended.
   * @throws {Error} naming the session where something of it is left.
   */
  async end(): Promise<void> {
    await this.#starting?.catch(() => {});
    try {
      await this.#running?.kill();
    } catch (error) {
      throw new Error(`${this.name} could not be ended: ${reasonOf(error)}`, { cause: error });
    }
    await this.#completion;
  }

  /** Ends the process as `end()`, wakes whoever waits with this error, gives the output up. */
  async remove(removal: ConnectError): Promise<void> {
    this.#removal ??= removal;
    this.#announceState();
    try {
      await this.end();
    } finally {
      await this.#spool.remove();
    }
  }

  #send(signal: number): boolean {
    try {
      return this.#running?.signal(signal) === true;
    } catch (error) {
      throw signalRefusal(this.name, signal, error);
    }
  }

  async #launch(prepared: Command | undefined): Promise<void> {
    try {
      const command = prepared ?? this.#options.prepare();
      this.#running = await this.#options.dependencies.runner.run(command, this.#spool);
      this.#enterRunning();
      this.#completion = this.#complete(this.#running);
    } catch (error) {
      if (error instanceof CommandRefusedError) {
        await this.#fail(error);
      } else if (error instanceof ConnectError) {
        throw error;
      } else {
        throw internal(`${this.name} could not be started: ${reasonOf(error)}`, error);
      }
    }
  }

  async #complete(running: RunningCommand): Promise<void> {
    const end = await running.ended;
    await this.#spool.finish();
    this.#record.end(this.#options.dependencies.clock.now(), end);
    this.#announceState();
  }

  async #fail({ exitCode, message }: CommandRefusedError): Promise<void> {
    this.#enterRunning();
    void this.#spool.write(OutputStream.STDERR, new TextEncoder().encode(`${message}\n`));
    await this.#spool.finish();
    this.#record.end(this.#options.dependencies.clock.now(), { exitCode });
    this.#announceState();
  }

  #enterRunning(): void {
    this.#record.start(this.#options.dependencies.clock.now());
    this.#announceState();
  }

  #announceState(): void {
    this.#stateChanges.announce();
    this.#outputChanges.announce();
  }

  #throwIfRemoved(): void {
    if (this.#removal !== undefined) {
      throw this.#removal;
    }
  }
}

/** Why the machine did not send a signal to a process that is there. */
function signalRefusal(name: string, signal: number, error: unknown): ConnectError {
  switch (systemErrorCode(error)) {
    case "EPERM":
      return permissionDenied(
        `${name} cannot be sent signal ${signal}: it runs as another user than the engine`,
        error,
      );
    case "EINVAL":
      return invalidArgument(`signal ${signal} is none of the engine's machine`);
    default:
      return internal(`${name} could not be sent signal ${signal}`, error);
  }
}
