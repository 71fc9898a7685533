import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { OutputChunk, ProcessStream } from "../../../src/model/output.js";
import type { WrittenStream } from "../../../src/stub/engine/runner/runner.js";
import { firstPlace, writtenBytes } from "./written-bytes.js";

/** What the client has handed over, compared with what was written as it comes. */
export class Delivery {
  /** How many bytes were handed over, by stream. */
  readonly bytes: Record<WrittenStream, number> = { 1: 0, 2: 0 };
  /** The first thing that was wrong. */
  fault: string | undefined;
  readonly #fromStart: boolean;
  readonly #onProgress: () => void;
  readonly #began: Record<WrittenStream, number | undefined> = { 1: undefined, 2: undefined };

  /** @param fromStart whether the first byte of a stream must be the first one that was written. */
  constructor(fromStart: boolean, onProgress: () => void) {
    this.#fromStart = fromStart;
    this.#onProgress = onProgress;
  }

  /** Takes a chunk that tells its place. */
  takeChunk({ stream, data, offset }: OutputChunk): void {
    const number = streamNumber(stream);
    if (offset !== undefined && offset !== this.bytes[number]) {
      this.#fail(`${stream} has a chunk at ${offset} after ${this.bytes[number]} bytes`);
    }
    if (data.length === 0) {
      this.#fail(`${stream} has an empty chunk`);
    }
    this.take(number, data);
  }

  /** Takes the next bytes of a stream. */
  take(stream: WrittenStream, data: Uint8Array): void {
    this.#began[stream] ??= this.#fromStart ? 0 : firstPlace(stream, data);
    const from = this.#began[stream] + this.bytes[stream];
    if (Buffer.compare(data, writtenBytes(stream, from, data.length)) !== 0) {
      this.#fail(`bytes ${from} to ${from + data.length} of ${OutputStream[stream]} are wrong`);
    }
    this.bytes[stream] += data.length;
    this.#onProgress();
  }

  #fail(fault: string): void {
    this.fault ??= fault;
  }
}

/** The contract's number of a stream that a process writes to. */
export function streamNumber(stream: ProcessStream): WrittenStream {
  return stream === "OUTPUT_STREAM_STDOUT" ? OutputStream.STDOUT : OutputStream.STDERR;
}
