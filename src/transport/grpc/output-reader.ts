import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  ProcessService,
  type StreamOutputResponse,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { BUILT_IN, type Contract, type NumberedMethod } from "../../contract/contract.js";
import type { Failure } from "../../errors/outcome.js";
import { ownedBytes } from "../../model/output.js";
import { frameMismatch, mismatch, suspected } from "../contract/guard.js";
import { strayFieldIn } from "../contract/stray-fields.js";
import { BatchBuilder, PieceBatch } from "../output-batch.js";
import type { Batch } from "../wire.js";
import { checkPrefix, type MessageReader, PREFIX_BYTES, readUint32 } from "./messages.js";

const LENGTH_DELIMITED = 2;
// The prefix, one byte of tag and one of value for the stream, the tag of the data, and a length of
// at most five bytes.
const MAX_HEAD_BYTES = PREFIX_BYTES + 2 + 1 + 5;

const METHOD = ProcessService.method.streamOutput;

/** How a server's StreamOutputResponse looks. */
export interface OutputFormat {
  readonly method: NumberedMethod<typeof METHOD>;
  /** The bytes that tell a message of the usual shape: a stream, then data, and nothing else. */
  readonly streamTag: number;
  readonly dataTag: number;
  readonly stdout: number;
  readonly stderr: number;
  /** Whether a frame of any other stream is refused. */
  readonly isStrict: boolean;
}

/** The format that a contract tells. */
export function outputFormat(contract: Contract, isStrict = false): OutputFormat {
  const method = contract.method(METHOD);
  const { stream, data } = method.descriptor.output.field;
  const numberOf = (ours: string) =>
    stream.enum?.values.find(({ name }) => name === ours)?.number ?? Number.NaN;
  return {
    method,
    // Beyond one byte it is no byte of a message, so that each is decoded as protobuf.
    streamTag: stream.number << 3,
    dataTag: (data.number << 3) | LENGTH_DELIMITED,
    stdout: numberOf("OUTPUT_STREAM_STDOUT"),
    stderr: numberOf("OUTPUT_STREAM_STDERR"),
    isStrict,
  };
}

const OURS = outputFormat(BUILT_IN);

/**
 * Reads StreamOutputResponse. A message of the usual shape is handed on in pieces as it arrives, with
 * no message in between; any other is gathered, and decoded as protobuf.
 */
export class OutputReader implements MessageReader {
  readonly #readMaxBytes: number;
  readonly #onBatch: (batch: Batch) => void;
  readonly #format: OutputFormat;
  readonly #frames = new BatchBuilder();
  // The beginning of a message that was cut before its data.
  #head: Uint8Array<ArrayBuffer> | undefined;
  #headBytes = 0;
  // A piece of data under way.
  #stderr = false;
  #missing = 0;
  // A message of another shape under way.
  #message: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param onBatch gets what each read brought; as a rule one batch. */
  constructor(readMaxBytes: number, onBatch: (batch: Batch) => void, format = OURS) {
    this.#readMaxBytes = readMaxBytes;
    this.#onBatch = onBatch;
    this.#format = format;
  }

  get isMidMessage(): boolean {
    return this.#headBytes > 0 || this.#missing > 0 || this.#message !== undefined;
  }

  push(chunk: Uint8Array): Failure | undefined {
    let at = 0;
    let failure: Failure | undefined;
    while (at < chunk.length && !failure) {
      if (this.#missing > 0) {
        const end = Math.min(at + this.#missing, chunk.length);
        this.#frames.add(this.#stderr, at, end);
        this.#missing -= end - at;
        at = end;
      } else if (this.#message) {
        const part = chunk.subarray(at, at + this.#message.length - this.#filled);
        this.#message.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
        failure = this.#endMessage(chunk);
      } else if (this.#headBytes > 0) {
        const step = this.#continueHead(chunk, at);
        at = step.at;
        failure = step.failure;
      } else {
        const next = this.#usual(chunk, at);
        if (next === at) {
          const step = this.#continueHead(chunk, at);
          at = step.at;
          failure = step.failure;
        } else {
          at = next;
        }
      }
    }
    this.#flush(chunk);
    return failure;
  }

  /**
   * Reads messages of the usual shape whose beginning is whole; the last one's data may go on in the
   * next chunk.
   *
   * @returns where the first other message begins.
   */
  #usual(chunk: Uint8Array, from: number): number {
    const { streamTag, dataTag, stdout, stderr, isStrict } = this.#format;
    const frames = this.#frames;
    const last = chunk.length - MAX_HEAD_BYTES;
    let at = from;
    while (at <= last) {
      if (
        chunk[at] !== 0 ||
        chunk[at + PREFIX_BYTES] !== streamTag ||
        chunk[at + PREFIX_BYTES + 2] !== dataTag
      ) {
        return at;
      }
      const which = chunk[at + PREFIX_BYTES + 1] ?? 0x80;
      const messageLength = readUint32(chunk, at + 1);
      let begin = at + PREFIX_BYTES + 3;
      let byte = chunk[begin] ?? 0;
      let length = byte & 0x7f;
      begin += 1;
      for (let shift = 7; byte >= 0x80 && shift <= 28; shift += 7) {
        byte = chunk[begin] ?? 0;
        length += (byte & 0x7f) * 2 ** shift;
        begin += 1;
      }
      const end = at + PREFIX_BYTES + messageLength;
      if (
        begin + length !== end ||
        which >= 0x80 ||
        messageLength > this.#readMaxBytes ||
        (isStrict && which !== stdout && which !== stderr)
      ) {
        return at;
      }
      if (end > chunk.length) {
        frames.add(which === stderr, begin, chunk.length);
        this.#stderr = which === stderr;
        this.#missing = end - chunk.length;
        return chunk.length;
      }
      frames.add(which === stderr, begin, end);
      at = end;
    }
    return at;
  }

  /** Gathers the beginning of a message until it tells what the message is. */
  #continueHead(chunk: Uint8Array, from: number): { at: number; failure: Failure | undefined } {
    const head = this.#head ?? new Uint8Array(MAX_HEAD_BYTES);
    this.#head = head;
    const before = this.#headBytes;
    const part = chunk.subarray(from, from + MAX_HEAD_BYTES - before);
    head.set(part, before);
    const there = before + part.length;
    const length = there < PREFIX_BYTES ? undefined : readUint32(head, 1);
    const failure =
      length === undefined ? undefined : checkPrefix(head[0] ?? 0, length, this.#readMaxBytes);
    if (failure) {
      return { at: chunk.length, failure };
    }
    if (length === undefined || there < Math.min(PREFIX_BYTES + length, MAX_HEAD_BYTES)) {
      this.#headBytes = there;
      return { at: from + part.length, failure };
    }
    this.#headBytes = 0;
    const { begin, stderr } = this.#dataIn(head, length);
    if (begin === undefined) {
      this.#message = new Uint8Array(length);
      this.#filled = Math.max(0, Math.min(before, PREFIX_BYTES + length) - PREFIX_BYTES);
      this.#message.set(head.subarray(PREFIX_BYTES, PREFIX_BYTES + this.#filled));
      // The prefix may have been cut, too.
      const at = from + Math.max(0, PREFIX_BYTES - before);
      return { at, failure: this.#endMessage(chunk) };
    }
    this.#stderr = stderr;
    this.#missing = PREFIX_BYTES + length - begin;
    if (begin < before) {
      // Some of the data came with the beginning, in the chunk before.
      const early = head.slice(begin, Math.min(before, PREFIX_BYTES + length));
      this.#missing -= early.length;
      this.#flush(chunk);
      this.#onBatch(new PieceBatch([{ stderr, data: early }]));
    }
    return { at: from + Math.max(0, begin - before), failure: undefined };
  }

  /** Where in the head the data of a message of the usual shape begins. */
  #dataIn(head: Uint8Array, length: number): { begin: number | undefined; stderr: boolean } {
    const { streamTag, dataTag, stdout, stderr, isStrict } = this.#format;
    const which = head[PREFIX_BYTES + 1] ?? 0x80;
    const other = { begin: undefined, stderr: false };
    if (
      length < 4 ||
      head[PREFIX_BYTES] !== streamTag ||
      which >= 0x80 ||
      head[PREFIX_BYTES + 2] !== dataTag ||
      (isStrict && which !== stdout && which !== stderr)
    ) {
      return other;
    }
    let at = PREFIX_BYTES + 3;
    let bytes = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = head[at] ?? 0;
      bytes += (byte & 0x7f) * 2 ** shift;
      at += 1;
      if (byte < 0x80) {
        break;
      }
    }
    return at + bytes === PREFIX_BYTES + length && bytes > 0
      ? { begin: at, stderr: which === stderr }
      : other;
  }

  #endMessage(chunk: Uint8Array): Failure | undefined {
    const message = this.#message;
    if (message === undefined || this.#filled < message.length) {
      return undefined;
    }
    this.#message = undefined;
    const { method, isStrict } = this.#format;
    let read: StreamOutputResponse;
    try {
      const stray = isStrict ? strayFieldIn(method.descriptor.output, message) : undefined;
      if (stray !== undefined) {
        return mismatch(stray);
      }
      read = fromBinary(method.descriptor.output, message);
    } catch (error) {
      const failure = unreadable(error);
      return isStrict ? suspected(failure) : failure;
    }
    const untrue = isStrict ? frameMismatch(read) : undefined;
    if (untrue) {
      return untrue;
    }
    method.response(read);
    this.#flush(chunk);
    if (read.data.length > 0) {
      const stderr = read.stream === OutputStream.STDERR;
      this.#onBatch(new PieceBatch([{ stderr, data: ownedBytes(read.data) }]));
    }
    return undefined;
  }

  #flush(chunk: Uint8Array): void {
    const batch = this.#frames.take(chunk);
    if (batch) {
      this.#onBatch(batch);
    }
  }
}

/** The failure of a message that is no protobuf, or another one. */
export function unreadable(cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return {
    kind: "unreadable",
    code: Code.Internal,
    message: `the server's answer cannot be read: ${why}`,
    cause,
    malformed: true,
  };
}
