import type { Writable } from "node:stream";
import { type OutputFrame, PROCESS_STREAMS, type ProcessStream } from "../../model/output.js";
import { WritableSink } from "./writable-sink.js";

/** Where output goes. A stream without a Writable is read and dropped. */
export interface OutputWritables {
  /** Takes standard output. It is never ended here, and may be the same as `stderr`. */
  readonly stdout?: Writable | undefined;
  /** Takes standard error. It is never ended here. */
  readonly stderr?: Writable | undefined;
}

/** Both of a process's streams, on their way into the caller's Writables. */
export class OutputSinks {
  readonly #sinks: Readonly<Record<ProcessStream, WritableSink | undefined>>;

  /** @param onFailure called as soon as one of the Writables fails or is closed. */
  constructor({ stdout, stderr }: OutputWritables, onFailure: (reason: unknown) => void) {
    this.#sinks = {
      OUTPUT_STREAM_STDOUT: stdout && new WritableSink(stdout, onFailure),
      OUTPUT_STREAM_STDERR: stderr && new WritableSink(stderr, onFailure),
    };
  }

  /** Hands a frame over; resolves when more can be taken. */
  async write({ stream, data }: OutputFrame, signal: AbortSignal): Promise<void> {
    await this.#sinks[stream]?.write(data, signal);
  }

  /** Resolves when both Writables have handed on everything. */
  async flush(signal: AbortSignal): Promise<void> {
    for (const stream of PROCESS_STREAMS) {
      await this.#sinks[stream]?.flush(signal);
    }
  }

  /** Takes all listeners off the Writables. */
  release(): void {
    for (const stream of PROCESS_STREAMS) {
      this.#sinks[stream]?.release();
    }
  }
}
