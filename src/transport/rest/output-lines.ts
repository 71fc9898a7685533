import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { StreamOutputResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Failure } from "../../errors/outcome.js";
import { ByteBlock, joined } from "../../model/bytes.js";
import { isJsonObject } from "../../rest-rules/json.js";
import type { Batch } from "../wire.js";
import {
  isBlank,
  type MessageLimits,
  parseJson,
  readMessage,
  tooLarge,
  unreadable,
} from "./answer.js";
import { readStatus } from "./status.js";

const LINE_FEED = 0x0a;
// A line as grpc-gateway writes it. Those of both streams have the same length.
const BEFORE_DATA = {
  stdout: Buffer.from('{"result":{"stream":"OUTPUT_STREAM_STDOUT","data":"'),
  stderr: Buffer.from('{"result":{"stream":"OUTPUT_STREAM_STDERR","data":"'),
};
const DATA_AT = BEFORE_DATA.stdout.length;
const AFTER_DATA = Buffer.from('"}}');
// Where the streams' names differ.
const STREAM_AT = BEFORE_DATA.stdout.indexOf("OUT", "{'result':{'stream':'OUTPUT".length);
const E = 0x45;
const PADDING = 0x3d;
const FIRST_SLAB_BYTES = 256;
const MAX_FIRST_SLAB_BYTES = 64 * 1024;

/**
 * Reads StreamOutput's lines of JSON, wherever the pieces of an answer were cut, into frames of
 * output. A line of the usual shape is decoded where it lies, all of a batch into one block of
 * memory.
 */
export class OutputLines {
  /** The header of the answer, which its errors are told with. */
  metadata = new Headers();
  readonly #limits: MessageLimits;
  // The beginning of a line whose end has not arrived.
  readonly #partial = new ByteBlock();
  #slab = Buffer.alloc(0);
  #ends: number[] = [];
  #stderr: boolean[] = [];
  #bytes = 0;
  #lastBytes = 0;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** The number of frames that were not taken yet. */
  get count(): number {
    return this.#ends.length;
  }

  /** The number of their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The frames since the last time. */
  take(): Batch | undefined {
    if (this.#ends.length === 0) {
      return undefined;
    }
    // A block that is mostly empty is not worth to be held on to.
    const used = this.#slab.subarray(0, this.#bytes);
    const slab = this.#slab.length > 4 * this.#bytes ? exactCopy(used) : used;
    const batch = new OutputBatch(slab, this.#ends, this.#stderr);
    this.#lastBytes = this.#bytes;
    this.#slab = Buffer.alloc(0);
    this.#ends = [];
    this.#stderr = [];
    this.#bytes = 0;
    return batch;
  }

  /** @returns why the stream cannot be read any further; what came before it can be taken. */
  push(chunk: Buffer): Failure | undefined {
    const { jsonBytes } = this.#limits;
    let start = 0;
    let failure: Failure | undefined;
    for (
      let end = chunk.indexOf(LINE_FEED);
      end !== -1 && !failure;
      end = chunk.indexOf(LINE_FEED, start)
    ) {
      if (this.#partial.length + end - start > jsonBytes) {
        return tooLarge(this.#limits);
      }
      if (this.#partial.length > 0) {
        this.#partial.append(chunk.subarray(start, end));
        failure = this.#line(this.#partial.bytes, 0, this.#partial.length);
        this.#partial.clear();
      } else {
        failure = this.#line(chunk, start, end);
      }
      start = end + 1;
    }
    if (failure || start === chunk.length) {
      return failure;
    }
    if (this.#partial.length + chunk.length - start > jsonBytes) {
      return tooLarge(this.#limits);
    }
    this.#partial.append(chunk.subarray(start));
    return undefined;
  }

  /**
   * Reads a last line that no line feed ends.
   *
   * @param cutOff the failure where a part of it is missing.
   */
  end(cutOff: Failure): Failure | undefined {
    const { bytes } = this.#partial;
    if (isBlank(bytes)) {
      return undefined;
    }
    return parseJson(bytes) === undefined ? cutOff : this.#line(bytes, 0, bytes.length);
  }

  #line(bytes: Buffer, start: number, end: number): Failure | undefined {
    if (start === end || this.#usualLine(bytes, start, end)) {
      return undefined;
    }
    const line = bytes.subarray(start, end);
    if (isBlank(line)) {
      return undefined;
    }
    const json = parseJson(line);
    if (!isJsonObject(json)) {
      return unreadable("a line of the stream is not a JSON object");
    }
    const { result = null, error = null } = json;
    if (error !== null) {
      const unknown = "a line of the stream is an error without a code of gRPC";
      return readStatus(json, this.metadata) ?? unreadable(unknown);
    }
    if (result === null && Object.keys(json).some((key) => key !== "result" && key !== "error")) {
      // Such as an edge's own status: the output does not end well with it.
      return unreadable("a line of the stream is neither a result nor an error");
    }
    // grpc-gateway's own client takes a line without a result for an empty one.
    const read = readMessage(StreamOutputResponseSchema, result ?? {});
    if (!read.ok) {
      return read.failure;
    }
    const { data, stream } = read.value;
    this.#reserve(data.length);
    this.#slab.set(data, this.#bytes);
    this.#add(data.length, stream === OutputStream.STDERR);
    return undefined;
  }

  /** @returns whether the line is of the shape that is decoded without a parser of JSON. */
  #usualLine(bytes: Buffer, start: number, end: number): boolean {
    const stderr = bytes[start + STREAM_AT] === E;
    const from = start + DATA_AT;
    const to = end - AFTER_DATA.length;
    if (
      from > to ||
      !isAt(bytes, start, stderr ? BEFORE_DATA.stderr : BEFORE_DATA.stdout) ||
      !isAt(bytes, to, AFTER_DATA)
    ) {
      return false;
    }
    const padding = bytes[to - 1] !== PADDING ? 0 : bytes[to - 2] === PADDING ? 2 : 1;
    if ((to - from) % 4 !== 0) {
      return false;
    }
    const length = ((to - from) / 4) * 3 - padding;
    this.#reserve(length);
    const text = bytes.toString("latin1", from, to);
    // The decoder leaves out what is no base64: fewer bytes tell that something was left out.
    if (this.#slab.write(text, this.#bytes, length, "base64") !== length) {
      return false;
    }
    this.#add(length, stderr);
    return true;
  }

  #reserve(length: number): void {
    const needed = this.#bytes + length;
    if (needed <= this.#slab.length) {
      return;
    }
    // As a rule a batch is about as large as the one before.
    const first = Math.min(Math.max(this.#lastBytes, FIRST_SLAB_BYTES), MAX_FIRST_SLAB_BYTES);
    const slab = Buffer.allocUnsafeSlow(Math.max(needed, first, 2 * this.#slab.length));
    slab.set(this.#slab.subarray(0, this.#bytes));
    this.#slab = slab;
  }

  #add(length: number, stderr: boolean): void {
    if (length > 0) {
      this.#bytes += length;
      this.#ends.push(this.#bytes);
      this.#stderr.push(stderr);
    }
  }
}

class OutputBatch implements Batch {
  readonly #slab: Buffer<ArrayBuffer>;
  readonly #ends: readonly number[];
  readonly #stderr: readonly boolean[];

  constructor(slab: Buffer<ArrayBuffer>, ends: readonly number[], stderr: readonly boolean[]) {
    this.#slab = slab;
    this.#ends = ends;
    this.#stderr = stderr;
  }

  get count(): number {
    return this.#ends.length;
  }

  get bytes(): number {
    return this.#slab.length;
  }

  stderr(index: number): boolean {
    return this.#stderr[index] ?? false;
  }

  data(index: number): Uint8Array<ArrayBuffer> {
    const start = index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
    return this.#part(start, this.#ends[index] ?? start);
  }

  join(stderr: boolean): Uint8Array<ArrayBuffer> {
    const wanted = this.#stderr.filter((one) => one === stderr).length;
    if (wanted === this.count) {
      return this.#part(0, this.bytes);
    }
    const parts = this.#ends.flatMap((_, index) =>
      this.stderr(index) === stderr ? [this.data(index)] : [],
    );
    return joined(parts);
  }

  #part(start: number, end: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#slab.buffer, this.#slab.byteOffset + start, end - start);
  }
}

function exactCopy(bytes: Uint8Array): Buffer<ArrayBuffer> {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

function isAt(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) {
    if (bytes[start + i] !== expected[i]) {
      return false;
    }
  }
  return true;
}
