import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import { startTimer } from "../async/timer.js";
import type { CallOptions } from "../call/call-options.js";
import type { Caller } from "../call/run.js";
import { traceMethod } from "../diagnostics/channels.js";
import { OutputLimitError } from "../errors/output-limit-error.js";
import { ProcessFailedError } from "../errors/process-failed-error.js";
import { type OutputSoFar, WaitTimeoutError } from "../errors/wait-timeout-error.js";
import { type ProcessResult, RunResult } from "../model/captured-output.js";
import { isFinished, type Process, type ProcessSpec } from "../model/process.js";
import { formatProcessName } from "../model/resource-names.js";
import { OutputCapture } from "../output/capture.js";
import { Follow } from "../output/follow.js";
import { eachBatch, OutputSinks, type OutputWritables } from "../output/pipe.js";
import { checkRunOptions } from "../rules/methods.js";
import { requireEngineName } from "../rules/names.js";
import { createProcess } from "./create-process.js";
import { getProcess } from "./get-process.js";
import { terminateProcess } from "./terminate-process.js";
import { LEAST_LOOK_MS, waitProcess } from "./wait-process.js";

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

/**
 * See `ProcessClient.runProcess`.
 *
 * @internal
 */
export async function runProcess(
  caller: Caller,
  parent: string,
  spec: ProcessSpec,
  options: RunProcessOptions,
): Promise<ProcessResult> {
  checkRunOptions(options);
  const { processId = randomUUID(), signal } = options;
  requireEngineName("parent", parent);
  const name = formatProcessName(parent, processId);
  const isCancelled = () => signal?.aborted === true || caller.life.isEnded;
  const run = () => runAs(caller, parent, spec, { ...options, processId }, name);
  return await traceMethod("runProcess", name, caller.server, run, isCancelled);
}

async function runAs(
  caller: Caller,
  parent: string,
  spec: ProcessSpec,
  options: RunProcessOptions & { readonly processId: string },
  name: string,
): Promise<ProcessResult> {
  const { processId, timeoutMs, onTimeout, signal, headers } = options;
  const run = new Run(caller, options);
  const stopTimer = timeoutMs
    ? startTimer(timeoutMs, () => run.limit.end(() => TIMED_OUT))
    : undefined;
  try {
    const result = await run.result(parent, spec, processId);
    if (options.check && !result.ok) {
      throw new ProcessFailedError(result);
    }
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    if (run.limit.ended?.reason !== TIMED_OUT && error !== TIMED_OUT) {
      throw error;
    }
    const cause = error === TIMED_OUT ? undefined : error;
    const end = await endOfTimeout(caller, name, onTimeout, { signal, headers });
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
  caller: Caller,
  name: string,
  onTimeout: RunProcessOptions["onTimeout"],
  options: CallOptions,
): Promise<{ process?: Process; terminated?: boolean; error?: unknown }> {
  try {
    const process = await getProcess(caller, name, { ...options, timeoutMs: LEAST_LOOK_MS });
    if (isFinished(process) || onTimeout !== "terminate") {
      return { process };
    }
    const limit = { ...options, timeoutMs: TERMINATION_MS };
    return { process: await terminateProcess(caller, name, limit), terminated: true };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { error };
  }
}

/** One process on its way from its specification to its result. */
class Run {
  /** Ends with the caller, the timeout, and the Writables. */
  readonly limit: Limit;
  /** The process as the server last told of it. */
  process: Process | undefined;
  readonly #caller: Caller;
  readonly #options: RunProcessOptions;
  readonly #sinks: OutputSinks;
  readonly #stdout: OutputCapture;
  readonly #stderr: OutputCapture;

  constructor(caller: Caller, options: RunProcessOptions) {
    const { signal, maxOutputBytes = MAX_OUTPUT_BYTES } = options;
    this.limit = caller.life.within({ signal });
    this.#caller = caller;
    this.#options = options;
    this.#sinks = new OutputSinks(options, this.limit);
    this.#stdout = new OutputCapture(maxOutputBytes);
    this.#stderr = new OutputCapture(maxOutputBytes);
  }

  async result(parent: string, spec: ProcessSpec, processId: string): Promise<ProcessResult> {
    const { headers, timeoutMs } = this.#options;
    const within = { ...this.#caller, life: this.limit };
    // A Writable that takes nothing is no reason to start a process.
    this.limit.throwIfEnded();
    this.process = await this.#create(within, parent, spec, processId);
    this.limit.throwIfEnded();
    if (timeoutMs === 0) {
      throw TIMED_OUT;
    }
    const { name } = this.process;
    const follow = new Follow(within, name, { headers });
    try {
      await eachBatch(follow, (batch) => {
        this.#stdout.add(batch.join(false));
        this.#stderr.add(batch.join(true));
        return this.#sinks.write(batch);
      });
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.ResourceExhausted) {
        const options = { cause: error };
        throw new OutputLimitError(this.process, this.outputSoFar(), error.rawMessage, options);
      }
      throw error;
    } finally {
      follow.close(() => this.limit.ended?.reason);
    }
    await this.#sinks.flush();
    // The end of the output was confirmed by the process's state, so as a rule it is known here.
    const process = follow.finished ?? (await waitProcess(within, name, { headers }));
    return new RunResult(process, this.outputSoFar());
  }

  // As a rule the limit has every end. But a process that is to be ended by a timeout must be known
  // by then: its create is not cut off.
  #create(within: Caller, parent: string, spec: ProcessSpec, processId: string): Promise<Process> {
    const { signal, timeoutMs, onTimeout, headers } = this.#options;
    const options = { headers, processId, autoRun: true };
    if (timeoutMs === 0 || timeoutMs === undefined || onTimeout !== "terminate") {
      const once = timeoutMs === 0 ? timeoutMs : undefined;
      return createProcess(within, parent, spec, { ...options, timeoutMs: once });
    }
    const late = timeoutMs + LATE_CREATE_MS;
    return createProcess(this.#caller, parent, spec, { ...options, signal, timeoutMs: late });
  }

  outputSoFar(): OutputSoFar {
    return {
      stdout: this.#stdout.captured(),
      stderr: this.#stderr.captured(),
    };
  }

  release(): void {
    this.#sinks.release();
    this.limit.release();
  }
}
