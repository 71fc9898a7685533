import { GrowingBuffer } from "./capture.js";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

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
  // Whether a piece of the line was handed on: the decoder may hold bytes of a split character.
  #isCut = false;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
    this.#pending = new GrowingBuffer(maxLineBytes);
  }

  /** The lines that end in this chunk, and the pieces of those that are too long. */
  push(data: Uint8Array): DecodedLine[] {
    const lines: DecodedLine[] = [];
    let start = 0;
    while (start < data.length) {
      if (this.#pendingBytes === 0 && !this.#isCut && data.length - start <= this.#maxLineBytes) {
        // No line can be too long: all that end here are decoded at once.
        start = this.#pushWhole(data, start, lines);
        this.#keep(data.subarray(start));
        return lines;
      }
      const limit = start + this.#maxLineBytes - this.#pendingBytes;
      // No further than the limit: else a long chunk without lines is searched again for each piece.
      const length = data.subarray(start, limit + 1).indexOf(LINE_FEED);
      if (length !== -1) {
        const line = this.#take(data.subarray(start, start + length), false);
        lines.push({ line: withoutCarriageReturn(line), continues: false });
        start += length + 1;
      } else if (limit < data.length) {
        lines.push({ line: this.#take(data.subarray(start, limit), true), continues: true });
        start = limit;
      } else {
        this.#keep(data.subarray(start));
        return lines;
      }
    }
    return lines;
  }

  /** What is left at the end of the stream: a last line without a terminator. */
  end(): DecodedLine[] {
    const line = this.#take(new Uint8Array(0), false);
    return line === "" ? [] : [{ line, continues: false }];
  }

  /** Decodes all lines that end in the data; returns where the rest begins. */
  #pushWhole(data: Uint8Array, start: number, lines: DecodedLine[]): number {
    const last = data.lastIndexOf(LINE_FEED);
    if (last < start) {
      return start;
    }
    const text = Buffer.from(data.buffer, data.byteOffset + start, last - start).toString();
    const hasReturns = data.subarray(start, last).includes(CARRIAGE_RETURN);
    for (const line of text.split("\n")) {
      lines.push({ line: hasReturns ? withoutCarriageReturn(line) : line, continues: false });
    }
    return last + 1;
  }

  #keep(data: Uint8Array): void {
    if (data.length > 0) {
      this.#pending.fill(data);
      this.#pendingBytes += data.length;
    }
  }

  // Where the line goes on, a character may be split at the cut: the decoder keeps its first bytes.
  #take(rest: Uint8Array, continues: boolean): string {
    let text = "";
    if (this.#pendingBytes > 0) {
      text = this.#decoder.decode(this.#pending.bytes(), { stream: true });
      this.#pending = new GrowingBuffer(this.#maxLineBytes);
      this.#pendingBytes = 0;
    }
    this.#isCut = continues;
    return text + this.#decoder.decode(rest, { stream: continues });
  }
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
