import type { CallOptions } from "../call/call-options.js";
import type { OutputFrame } from "../model/output.js";
import type { FinishedProcess, Process } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import type { OutputLine, StreamLinesOptions } from "../output/lines.js";
import type { LiveOutput } from "../output/live-output.js";
import type { PipeOutputOptions } from "../output/pipe.js";
import type { StreamOutputOptions } from "../output/stream-output-options.js";
import type { ProcessClient } from "./process-client.js";
import type { ReadOutputOptions } from "./read-output.js";
import type { TerminateProcessOptions } from "./terminate-process.js";
import type { LineMatch, LineOutcome, WaitForLineOptions } from "./wait-for-line.js";
import type { WaitProcessByPollingOptions } from "./wait-process-by-polling.js";

/** One process by its name: the client's methods without the name. It holds no state of its own. */
export class ProcessHandle {
  /** The resource name of the process. */
  readonly name: string;
  readonly #client: ProcessClient;

  /** Made by `ProcessClient.process`. */
  constructor(client: ProcessClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** See {@link ProcessClient.startProcess}. */
  start(options?: CallOptions): Promise<Process> {
    return this.#client.startProcess(this.name, options);
  }

  /** See {@link ProcessClient.getProcess}. */
  get(options?: CallOptions): Promise<Process> {
    return this.#client.getProcess(this.name, options);
  }

  /** See {@link ProcessClient.sendSignal}. */
  sendSignal(signal: number | SignalName, options?: CallOptions): Promise<Process> {
    return this.#client.sendSignal(this.name, signal, options);
  }

  /** See {@link ProcessClient.readOutput}. */
  readOutput(options?: ReadOutputOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#client.readOutput(this.name, options);
  }

  /** See {@link ProcessClient.readOutputFrames}. */
  readOutputFrames(options?: CallOptions): Promise<OutputFrame[]> {
    return this.#client.readOutputFrames(this.name, options);
  }

  /** See {@link ProcessClient.streamOutput}. */
  streamOutput(options?: StreamOutputOptions): LiveOutput {
    return this.#client.streamOutput(this.name, options);
  }

  /** See {@link ProcessClient.streamLines}. */
  streamLines(options?: StreamLinesOptions): AsyncIterable<OutputLine, void, undefined> {
    return this.#client.streamLines(this.name, options);
  }

  /** See {@link ProcessClient.waitForLine}. */
  waitForLine(match: LineMatch, options?: WaitForLineOptions): Promise<LineOutcome> {
    return this.#client.waitForLine(this.name, match, options);
  }

  /** See {@link ProcessClient.pipeOutput}. */
  pipeOutput(options: PipeOutputOptions): Promise<void> {
    return this.#client.pipeOutput(this.name, options);
  }

  /** See {@link ProcessClient.waitProcess}. */
  wait(options?: CallOptions): Promise<FinishedProcess> {
    return this.#client.waitProcess(this.name, options);
  }

  /** See {@link ProcessClient.waitProcessByPolling}. */
  waitByPolling(options?: WaitProcessByPollingOptions): Promise<FinishedProcess> {
    return this.#client.waitProcessByPolling(this.name, options);
  }

  /** See {@link ProcessClient.terminateProcess}. */
  terminate(options?: TerminateProcessOptions): Promise<FinishedProcess> {
    return this.#client.terminateProcess(this.name, options);
  }
}
