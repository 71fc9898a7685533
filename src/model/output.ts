import { type InspectOptions, inspect } from "node:util";
import {
  type OutputFrame as OutputFrameMessage,
  OutputStream as StreamNumber,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { inspectedBytes, shownBytes, wholeOf } from "./shown.js";

/** One of the two streams that a process writes to, by the contract's names. */
export type ProcessStream = "OUTPUT_STREAM_STDOUT" | "OUTPUT_STREAM_STDERR";

/** What `readOutput` can read: one stream, or both interleaved in the order received. */
export type OutputStream = ProcessStream | "OUTPUT_STREAM_COMBINED";

/**
 * A piece of output of a finished read. It can be logged: as text, as JSON and to `console.log` its
 * data is text where it is UTF-8, and little.
 */
export interface OutputFrame {
  /** The stream that the process wrote to. */
  readonly stream: ProcessStream;
  /** The bytes, unchanged. They may split a line, and a character. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * A piece of live output. It can be logged as well. Read the stream's `position` before you change the
 * bytes in place: its checksum is that of the bytes as they are.
 */
export interface OutputChunk extends OutputFrame {
  /**
   * How many bytes of the same stream come before this chunk, counted from the start of the
   * process; undefined with `skipReplay`, where the start is not known.
   */
  readonly offset: number | undefined;
}

/**
 * How much of each stream was handed over: what to give as `resumeFrom` to go on after it, in
 * another process or on another day. Plain data: `JSON.stringify` keeps it whole.
 */
export interface OutputPosition {
  /** How far standard output was read. */
  readonly stdout: StreamPosition;
  /** How far standard error was read. */
  readonly stderr: StreamPosition;
}

/** How much of one stream was handed over. */
export interface StreamPosition {
  /** The number of bytes. */
  readonly bytes: number;
  /** The CRC-32 of those bytes (ISO 3309, as zlib's), an unsigned 32-bit number. */
  readonly crc32: number;
}

/**
 * The contract's number of a stream.
 *
 * @internal
 */
export function streamToNumber(stream: OutputStream): StreamNumber {
  switch (stream) {
    case "OUTPUT_STREAM_STDOUT":
      return StreamNumber.STDOUT;
    case "OUTPUT_STREAM_STDERR":
      return StreamNumber.STDERR;
    case "OUTPUT_STREAM_COMBINED":
      return StreamNumber.COMBINED;
  }
}

/**
 * Reads a frame from its message. Whatever is not stderr is stdout: AIEM may take an unspecified
 * stream as stdout, and bytes must not be lost because of a tag.
 *
 * @internal
 */
export function frameFromMessage(
  message: Pick<OutputFrameMessage, "stream" | "data">,
): OutputFrame {
  const stderr = message.stream === StreamNumber.STDERR;
  return new Frame(
    stderr ? "OUTPUT_STREAM_STDERR" : "OUTPUT_STREAM_STDOUT",
    ownedBytes(message.data),
  );
}

// Declared only: millions of these are made each second, and a field that is defined first and
// assigned then costs as much as all the rest.

/** A frame that is small where it is logged. */
class Frame implements OutputFrame {
  declare readonly stream: ProcessStream;
  declare readonly data: Uint8Array<ArrayBuffer>;

  constructor(stream: ProcessStream, data: Uint8Array<ArrayBuffer>) {
    this.stream = stream;
    this.data = data;
  }

  toString(): string {
    return shownBytes(this.data);
  }

  toJSON(): object {
    return { ...this, data: shownBytes(this.data) };
  }

  [inspect.custom](): object {
    const data = {
      [inspect.custom]: (_depth: number, options: InspectOptions) =>
        inspectedBytes("Uint8Array", wholeOf(this.data), options),
    };
    return { ...this, data };
  }
}

/**
 * A chunk that is small where it is logged.
 *
 * @internal
 */
export class Chunk extends Frame implements OutputChunk {
  declare readonly offset: number | undefined;

  constructor(stream: ProcessStream, data: Uint8Array<ArrayBuffer>, offset: number | undefined) {
    super(stream, data);
    this.offset = offset;
  }
}

/** The same bytes, known not to be shared memory. */
export function ownedBytes(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(data) ? data : new Uint8Array(data);
}

function isUnshared(data: Uint8Array): data is Uint8Array<ArrayBuffer> {
  return data.buffer instanceof ArrayBuffer;
}
