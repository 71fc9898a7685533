import { randomUUID } from "node:crypto";
import { startTimer } from "../async/timer.js";
import { InvalidInputError } from "../errors/invalid-input-error.js";
import { ProcessFailedError } from "../errors/process-failed-error.js";
import { requireBoolean } from "../errors/require-kind.js";
import { shown } from "../errors/shown.js";
import { type OutputSoFar, WaitTimeoutError } from "../errors/wait-timeout-error.js";
import type { ProcessStream } from "../model/output.js";
import {
  type FinishedProcess,
  isFinished,
  type Process,
  type ProcessSpec,
} from "../model/process.js";
import type { ProcessResult } from "../model/process-result.js";
import { formatProcessName } from "../model/resource-names.js";
import type { CallScope } from "../retry/call-scope.js";
import type { CallOptions } from "./call-options.js";
import { createProcess } from "./create-process.js";
import { getProcess } from "./get-process.js";
import { requireCallOptions } from "./input/call.js";
import { requireEngineName, requireProcessId } from "./input/names.js";
import { requireByteCount } from "./input/numbers.js";
import { OutputFollower } from "./output/live-output.js";
import { OutputCapture } from "./output/output-capture.js";
import { OutputSinks, type OutputWritables, requireWritables } from "./output/output-sinks.js";
import type { Rpc } from "./rpc.js";
import { terminateProcess } from "./terminate-process.js";
import { callScope } from "./unary.js";
import { LEAST_LOOK_MS } from "./wait/last-look.js";
import { waitProcess } from "./wait/wait-process.js";

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
// The grace of terminateProcess, and as much again and more for SIGKILL to be confirmed.
const TERMINATION_MS = 30_000;
// How long a create may take that a timeout meets under way, so that its process can be ended.
const LATE_CREATE_MS = 10_000;

/** Options of `runProcess`. */
export interface RunProcessOptions extends CallOptions, OutputWritables {
  /**
   * The id of the new process; see `createProcess`.
   * @default a random UUID, made here
   */
  readonly processId?: string | undefined;
  /**
   * How much of each stream the result keeps, in bytes; beyond it, the beginning and the end.
   * @default 8 MiB
   */
  readonly maxOutputBytes?: number | undefined;
  /**
   * What happens to the process when `timeoutMs` is over: nothing, or `terminateProcess`.
   * @default "leave"
   */
  readonly onTimeout?: "leave" | "terminate" | undefined;
  /**
   * Whether a process that does not succeed is a ProcessFailedError.
   * @default false, the result tells
   */
  readonly check?: boolean | undefined;
}

// Tells the end of our own time from every other reason to stop.
const TIMED_OUT = Symbol("timed out");

/** See `ProcessClient.runProcess`. */
export async function runProcess(
  rpc: Rpc,
  parent: string,
  spec: ProcessSpec,
  options: RunProcessOptions,
): Promise<ProcessResult> {
  requireRunOptions(options);
  const { processId = randomUUID(), timeoutMs, onTimeout, signal, headers } = options;
  requireEngineName("parent", parent);
  requireProcessId("processId", processId);
  const run = new Run(rpc, options);
  const name = formatProcessName(parent, processId);
  const stopTimer = timeoutMs ? startTimer(timeoutMs, () => run.scope.abort(TIMED_OUT)) : undefined;
  try {
    const result = await run.result(parent, spec, processId);
    if (options.check && !result.ok) {
      throw new ProcessFailedError(result);
    }
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    if (run.scope.signal.reason !== TIMED_OUT && error !== TIMED_OUT) {
      throw error;
    }
    const cause = error === TIMED_OUT ? undefined : error;
    const end = await endOfTimeout(rpc, name, onTimeout, { signal, headers });
    throw new WaitTimeoutError(name, end.process ?? run.process, timeoutMs ?? 0, {
      output: run.outputSoFar(),
      terminated: end.terminated,
      cause: end.error ?? cause,
    });
  } finally {
    stopTimer?.();
    run.release();
  }
}

/** Looks at a process whose time is over, and ends it if that is wanted. */
async function endOfTimeout(
  rpc: Rpc,
  name: string,
  onTimeout: RunProcessOptions["onTimeout"],
  options: CallOptions,
): Promise<{ process?: Process; terminated?: boolean; error?: unknown }> {
  try {
    const process = await getProcess(rpc, name, { ...options, timeoutMs: LEAST_LOOK_MS });
    if (isFinished(process) || onTimeout !== "terminate") {
      return { process };
    }
    const limit = { ...options, timeoutMs: TERMINATION_MS };
    return { process: await terminateProcess(rpc, name, limit), terminated: true };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { error };
  }
}

/** One process on its way from its specification to its result. */
class Run {
  readonly scope: CallScope;
  /** The process as the server last told of it. */
  process: Process | undefined;
  readonly #rpc: Rpc;
  readonly #options: RunProcessOptions;
  readonly #sinks: OutputSinks;
  readonly #captures: Readonly<Record<ProcessStream, OutputCapture>>;

  constructor(rpc: Rpc, options: RunProcessOptions) {
    const { signal, maxOutputBytes = MAX_OUTPUT_BYTES } = options;
    this.scope = callScope(rpc, "running a process", { signal });
    this.#rpc = rpc;
    this.#options = options;
    this.#sinks = new OutputSinks(options, (reason) => this.scope.abort(reason));
    this.#captures = {
      OUTPUT_STREAM_STDOUT: new OutputCapture(maxOutputBytes),
      OUTPUT_STREAM_STDERR: new OutputCapture(maxOutputBytes),
    };
  }

  async result(parent: string, spec: ProcessSpec, processId: string): Promise<ProcessResult> {
    const { signal } = this.scope;
    const call = { signal, headers: this.#options.headers };
    this.process = await createProcess(this.#rpc, parent, spec, {
      ...call,
      ...this.#createLimit,
      processId,
      autoRun: true,
    });
    signal.throwIfAborted();
    if (this.#options.timeoutMs === 0) {
      throw TIMED_OUT;
    }
    const { name } = this.process;
    const output = new OutputFollower(this.#rpc, name, call);
    for await (const chunk of output) {
      this.#captures[chunk.stream].add(chunk.data);
      await this.#sinks.write(chunk, signal);
    }
    await this.#sinks.flush(signal);
    // The end of the output was confirmed by the process's state, so as a rule it is known here.
    const process = output.finished ?? (await waitProcess(this.#rpc, name, call));
    return { ...outcome(process), ...this.outputSoFar() };
  }

  // As a rule the scope has every limit. But a process that is to be ended by a timeout must be
  // known by then: its create is not cut off.
  get #createLimit(): CallOptions {
    const { signal, timeoutMs, onTimeout } = this.#options;
    if (timeoutMs === 0) {
      return { timeoutMs };
    }
    return onTimeout === "terminate" && timeoutMs !== undefined
      ? { signal, timeoutMs: timeoutMs + LATE_CREATE_MS }
      : {};
  }

  outputSoFar(): OutputSoFar {
    return {
      stdout: this.#captures.OUTPUT_STREAM_STDOUT.captured(),
      stderr: this.#captures.OUTPUT_STREAM_STDERR.captured(),
    };
  }

  release(): void {
    this.#sinks.release();
    this.scope.release();
  }
}

function outcome(process: FinishedProcess) {
  return { process, exitCode: process.exitCode, ok: process.state === "STATE_SUCCEEDED" };
}

function requireRunOptions(options: RunProcessOptions): void {
  requireCallOptions(options);
  requireWritables(options);
  requireByteCount("maxOutputBytes", options.maxOutputBytes);
  requireBoolean("check", options.check);
  const { onTimeout = "leave" } = options;
  if (onTimeout !== "leave" && onTimeout !== "terminate") {
    throw new InvalidInputError("onTimeout", 'must be "leave" or "terminate"', shown(onTimeout));
  }
}
