import type { Writable } from "node:stream";
import type { Limit } from "../async/limit.js";
import type { Caller } from "../call/run.js";
import { checkPipeOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { inOne } from "../transport/output-batch.js";
import type { Batch } from "../transport/wire.js";
import { Follow } from "./follow.js";
import { followLimit } from "./follow-limit.js";
import type { StreamOutputOptions } from "./stream-output-options.js";
import { WritableSink } from "./writable-sink.js";

/** Where output goes. A stream without a Writable is read and dropped. */
export interface OutputWritables {
  /** Takes standard output. It is never ended here, and may be the same as `stderr`. */
  readonly stdout?: Writable | undefined;
  /** Takes standard error. It is never ended here. */
  readonly stderr?: Writable | undefined;
}

/** Options of `pipeOutput`. */
export interface PipeOutputOptions extends StreamOutputOptions, OutputWritables {}

/**
 * See `ProcessClient.pipeOutput`.
 *
 * @internal
 */
export async function pipeOutput(
  caller: Caller,
  name: string,
  options: PipeOutputOptions,
): Promise<void> {
  requireProcessName("name", name);
  checkPipeOptions(options);
  const limit = followLimit(caller, name, "piping", options, () => follow.hasOutput);
  const sinks = new OutputSinks(options, limit);
  const within = { ...caller, life: limit };
  const follow = new Follow(within, name, { ...options, signal: undefined, timeoutMs: undefined });
  try {
    await eachBatch(follow, (batch) => sinks.write(batch));
    await sinks.flush();
  } finally {
    follow.close(() => limit.ended?.reason);
    sinks.release();
    limit.end(() => new Error("the output was piped"));
  }
}

/**
 * Hands the batches of a follow on, one after another, until its end.
 *
 * @internal
 */
export async function eachBatch(
  follow: Follow,
  use: (batch: Batch) => Promise<void> | undefined,
): Promise<void> {
  for (;;) {
    const batch = follow.take();
    if (batch) {
      const waiting = use(batch);
      if (waiting) {
        await waiting;
      }
    } else if (!(await follow.more())) {
      return;
    }
  }
}

/**
 * Both of a process's streams, on their way into the caller's Writables.
 *
 * @internal
 */
export class OutputSinks {
  readonly #limit: Limit;
  readonly #stdout: WritableSink | undefined;
  readonly #stderr: WritableSink | undefined;
  // Both streams in one Writable keep their order.
  readonly #isOne: boolean;

  /** @param limit ends as soon as one of the Writables fails, is ended or is closed. */
  constructor({ stdout, stderr }: OutputWritables, limit: Limit) {
    const onFailure = (why: () => unknown) => limit.end(why);
    this.#limit = limit;
    this.#isOne = stdout !== undefined && stdout === stderr;
    this.#stdout = stdout && new WritableSink(stdout, onFailure);
    this.#stderr = stderr && !this.#isOne ? new WritableSink(stderr, onFailure) : undefined;
  }

  /** Hands a batch over; what it returns, if anything, resolves when more can be taken. */
  write(batch: Batch): Promise<void> | undefined {
    if (this.#isOne) {
      return this.#stdout?.write(inOrder(batch), this.#limit);
    }
    const out = this.#stdout && write(this.#stdout, batch.join(false), this.#limit);
    // The first write can end the limit, and what it waits for then tells why.
    const isOpen = this.#stderr && !this.#limit.isEnded;
    const err = isOpen ? write(this.#stderr, batch.join(true), this.#limit) : undefined;
    return out && err ? Promise.all([out, err]).then(() => undefined) : (out ?? err);
  }

  /** Resolves when both Writables have handed on everything. */
  async flush(): Promise<void> {
    await this.#stdout?.flush(this.#limit);
    await this.#stderr?.flush(this.#limit);
  }

  /** Takes all listeners off the Writables. */
  release(): void {
    this.#stdout?.release();
    this.#stderr?.release();
  }
}

function write(sink: WritableSink, data: Uint8Array, limit: Limit): Promise<void> | undefined {
  return data.length === 0 ? undefined : sink.write(data, limit);
}

function inOrder(batch: Batch): Uint8Array {
  return inOne(Array.from({ length: batch.count }, (_, i) => batch.data(i)));
}
