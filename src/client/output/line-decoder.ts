import { GrowingBuffer } from "./growing-buffer.js";

const LINE_FEED = 0x0a;

/** A line of one stream, or a piece of one that is too long. */
export interface DecodedLine {
  /** The text, without its line terminator (LF, or CR LF). */
  readonly line: string;
  /** Whether the line goes on in the next item of the same stream, since it exceeds the limit. */
  readonly continues: boolean;
}

/**
 * Splits the bytes of one stream into lines and decodes them as UTF-8, however lines and characters
 * are split over chunks. Bytes that are not UTF-8 become U+FFFD.
 */
export class LineDecoder {
  readonly #maxLineBytes: number;
  // The beginning of the line that is under way. In one block, and a copy: many small pieces take
  // many times the memory of their bytes, and each would pin the whole message that it came in.
  #pending: GrowingBuffer;
  #pendingBytes = 0;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
    this.#pending = new GrowingBuffer(maxLineBytes);
  }

  /** The lines that end in this chunk, and the pieces of those that are too long. */
  *push(data: Uint8Array): Generator<DecodedLine, void, undefined> {
    let start = 0;
    while (start < data.length) {
      const limit = start + this.#maxLineBytes - this.#pendingBytes;
      // No further than the limit: else a long chunk without lines is searched again for each piece.
      const length = data.subarray(start, limit + 1).indexOf(LINE_FEED);
      if (length !== -1) {
        const line = this.#take(data.subarray(start, start + length), false);
        yield { line: withoutCarriageReturn(line), continues: false };
        start += length + 1;
      } else if (limit < data.length) {
        yield { line: this.#take(data.subarray(start, limit), true), continues: true };
        start = limit;
      } else {
        this.#keep(data.subarray(start));
        return;
      }
    }
  }

  /** What is left at the end of the stream: a last line without a terminator. */
  *end(): Generator<DecodedLine, void, undefined> {
    const line = this.#take(new Uint8Array(0), false);
    if (line !== "") {
      yield { line, continues: false };
    }
  }

  #keep(data: Uint8Array): void {
    this.#pending.fill(data);
    this.#pendingBytes += data.length;
  }

  // Where the line goes on, a character may be split at the cut: the decoder keeps its first bytes.
  #take(rest: Uint8Array, continues: boolean): string {
    let text = "";
    if (this.#pendingBytes > 0) {
      text = this.#decoder.decode(this.#pending.bytes(), { stream: true });
      this.#pending = new GrowingBuffer(this.#maxLineBytes);
      this.#pendingBytes = 0;
    }
    return text + this.#decoder.decode(rest, { stream: continues });
  }
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
