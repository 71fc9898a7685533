import type { CallOptions } from "../call/call-options.js";
import type { Caller } from "../call/run.js";
import type { ProcessResult } from "../model/captured-output.js";
import type { OutputFrame } from "../model/output.js";
import type { FinishedProcess, Process, ProcessSpec } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import { type OutputLine, type StreamLinesOptions, streamLines } from "../output/lines.js";
import { FollowedOutput, type LiveOutput } from "../output/live-output.js";
import { type PipeOutputOptions, pipeOutput } from "../output/pipe.js";
import type { StreamOutputOptions } from "../output/stream-output-options.js";
import { callerOf, type OverWire } from "./caller.js";
import type { ClientConfig, ClientOptions } from "./client-options.js";
import { type CreateProcessOptions, createProcess } from "./create-process.js";
import { getProcess } from "./get-process.js";
import {
  type ListAllProcessesOptions,
  type ListProcessesOptions,
  listAllProcesses,
  listProcesses,
  type ProcessPage,
} from "./list-processes.js";
import { ProcessHandle } from "./process-handle.js";
import { type ReadOutputOptions, readOutput, readOutputFrames } from "./read-output.js";
import { type RunProcessOptions, runProcess } from "./run-process.js";
import { sendSignal } from "./send-signal.js";
import { startProcess } from "./start-process.js";
import { type TerminateProcessOptions, terminateProcess } from "./terminate-process.js";
import {
  type LineMatch,
  type LineOutcome,
  type WaitForLineOptions,
  waitForLine,
} from "./wait-for-line.js";
import { waitProcess } from "./wait-process.js";
import {
  type WaitProcessByPollingOptions,
  waitProcessByPolling,
} from "./wait-process-by-polling.js";

/**
 * Runs and follows processes inside the SandboxEngines of H2O AI Engine Manager.
 *
 * Rules of all methods: bad input is an `InvalidInputError`, before anything is sent. The server's
 * word is a `ConnectError` with gRPC's code, such as `Code.NotFound`. An abort rejects with the
 * signal's own reason. Nothing is thrown synchronously: promises reject, and iterables throw at the
 * first `next()`.
 *
 * @example
 * const client = new ProcessClient({ aiemUrl, tokenProvider });
 * const { ok, stdout } = await client.runProcess(parent, { command: "date" });
 */
export class ProcessClient implements AsyncDisposable {
  readonly #caller: Caller;
  readonly #close: () => void;

  /**
   * Opens no connection yet: the first call does.
   *
   * @param config the server's address and a token, or a Connect `Transport` of your own.
   * @throws InvalidInputError if an option cannot be used.
   */
  constructor(config: ClientConfig, options?: ClientOptions);
  /** @internal */
  constructor(config: ClientConfig | OverWire, options?: ClientOptions);
  constructor(config: ClientConfig | OverWire, options: ClientOptions = {}) {
    const { caller, close } = callerOf(config, options);
    this.#caller = caller;
    this.#close = close;
  }

  /**
   * Creates a process, and starts it at once with `autoRun`.
   *
   * @param parent the engine: `workspaces/{workspace}/sandboxEngines/{engine}`; see `engineName`.
   * @throws ConnectError AlreadyExists if `processId` is taken; FailedPrecondition if the engine is
   *   not running.
   */
  createProcess(
    parent: string,
    spec: ProcessSpec,
    options: CreateProcessOptions = {},
  ): Promise<Process> {
    return createProcess(this.#caller, parent, spec, options);
  }

  /**
   * Starts a process that is PENDING.
   *
   * @throws ConnectError FailedPrecondition if it was started before.
   */
  startProcess(name: string, options: CallOptions = {}): Promise<Process> {
    return startProcess(this.#caller, name, options);
  }

  /** Returns a process as it is now. */
  getProcess(name: string, options: CallOptions = {}): Promise<Process> {
    return getProcess(this.#caller, name, options);
  }

  /** Returns one page of an engine's processes. */
  listProcesses(parent: string, options: ListProcessesOptions = {}): Promise<ProcessPage> {
    return listProcesses(this.#caller, parent, options);
  }

  /** Lists all processes of an engine, asking for the next page when the loop gets there. */
  listAllProcesses(
    parent: string,
    options: ListAllProcessesOptions = {},
  ): AsyncIterable<Process, void, undefined> {
    return listAllProcesses(this.#caller, parent, options);
  }

  /**
   * Sends a signal to a running process. It tells that the signal was sent, not that it had an
   * effect: see `terminateProcess`.
   *
   * @param signal a Linux signal's number or name, such as 15, `SIGTERM` or `TERM`.
   * @throws ConnectError FailedPrecondition if the process is not running.
   */
  sendSignal(
    name: string,
    signal: number | SignalName,
    options: CallOptions = {},
  ): Promise<Process> {
    return sendSignal(this.#caller, name, signal, options);
  }

  /**
   * Returns all output of a finished process at once, in memory; of a running one, what there is so
   * far.
   *
   * @throws ConnectError ResourceExhausted if it is larger than a message may be (64 MiB here):
   *   read it with `streamOutput`.
   */
  readOutput(name: string, options: ReadOutputOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return readOutput(this.#caller, name, options);
  }

  /** As `readOutput`, in pieces that tell their stream, in the order in which they were received. */
  readOutputFrames(name: string, options: CallOptions = {}): Promise<OutputFrame[]> {
    return readOutputFrames(this.#caller, name, options);
  }

  /**
   * Streams the output: what there was before (unless `skipReplay`), then live, until the process
   * is final. The end of the loop is confirmed by the process's state. The stream is opened when
   * the loop begins; for a PENDING process it waits for the start. Memory stays flat, however slow
   * the loop is.
   *
   * @throws OutputGapError (in the loop) if the server lost or changed what it had sent before.
   */
  streamOutput(name: string, options: StreamOutputOptions = {}): LiveOutput {
    return new FollowedOutput(this.#caller, name, options);
  }

  /**
   * As `streamOutput`, by lines, decoded as UTF-8. A line or a character that is split over chunks
   * comes whole; a last line without a terminator comes at the end.
   */
  streamLines(
    name: string,
    options: StreamLinesOptions = {},
  ): AsyncIterable<OutputLine, void, undefined> {
    return streamLines(this.#caller, name, options);
  }

  /**
   * Waits for a line of output, such as the one that tells that a server is ready: from the first
   * line on, those written before the call included. A line counts when it has ended, or the process
   * has; one of more than 1 MiB is looked at in pieces of that length.
   *
   * @param match an expression, or a function that is asked about each line, without its end.
   * @returns the line, or that the process ended without it.
   * @throws WaitTimeoutError with the last lines, if that takes longer than `timeoutMs`. The process
   *   goes on.
   */
  waitForLine(
    name: string,
    match: LineMatch,
    options: WaitForLineOptions = {},
  ): Promise<LineOutcome> {
    return waitForLine(this.#caller, name, match, options);
  }

  /**
   * Writes the output into Writables as fast as they take it, and resolves when they have taken all
   * of it. It never ends them; an error of theirs cancels the stream and rejects.
   */
  pipeOutput(name: string, options: PipeOutputOptions): Promise<void> {
    return pipeOutput(this.#caller, name, options);
  }

  /**
   * Waits until the process is final. The server is asked in slices of half a minute, so that
   * proxies with a time limit do not matter.
   *
   * @throws WaitTimeoutError if that takes longer than `timeoutMs`. The process goes on.
   */
  waitProcess(name: string, options: CallOptions = {}): Promise<FinishedProcess> {
    return waitProcess(this.#caller, name, options);
  }

  /**
   * As `waitProcess`, by looking at the process again and again: for servers and proxies on which a
   * call must be short.
   *
   * @throws WaitTimeoutError if that takes longer than `timeoutSeconds`. The process goes on.
   */
  waitProcessByPolling(
    name: string,
    options: WaitProcessByPollingOptions = {},
  ): Promise<FinishedProcess> {
    return waitProcessByPolling(this.#caller, name, options);
  }

  /**
   * Runs a process from its creation to its end: hands its output to `stdout` and `stderr` as it
   * comes, keeps a bounded part of it, and tells how it ended. A process that fails is a result,
   * not an error, unless `check` is set. After a timeout or an abort the process goes on, unless
   * `onTimeout` says otherwise; give it a `processId` to find it again.
   *
   * @throws WaitTimeoutError with the process and the output so far, if `timeoutMs` is over.
   * @throws ProcessFailedError with the result, if `check` is set and the process did not succeed.
   */
  runProcess(
    parent: string,
    spec: ProcessSpec,
    options: RunProcessOptions = {},
  ): Promise<ProcessResult> {
    return runProcess(this.#caller, parent, spec, options);
  }

  /**
   * Ends a process: SIGTERM, `graceMs` for it to end by itself, SIGKILL, and the confirmation that
   * it is final. A process that is final already is returned as it is.
   *
   * @throws ConnectError FailedPrecondition if the process is PENDING: it cannot be signalled.
   */
  terminateProcess(name: string, options: TerminateProcessOptions = {}): Promise<FinishedProcess> {
    return terminateProcess(this.#caller, name, options);
  }

  /** The methods above for one process. Nothing is sent. */
  process(name: string): ProcessHandle {
    return new ProcessHandle(this, name);
  }

  /**
   * Cancels every call under way and closes the connections; processes go on. A `Transport` of
   * your own stays as it is. Later calls are refused.
   */
  close(): void {
    this.#close();
  }

  /** See {@link ProcessClient.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
