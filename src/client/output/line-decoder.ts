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
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that end in this chunk, and the pieces of those that are too long. */
  *push(data: Uint8Array): Generator<DecodedLine, void, undefined> {
    let start = 0;
    while (start < data.length) {
      const limit = start + this.#maxLineBytes - this.#pendingBytes;
      const lineFeed = data.indexOf(LINE_FEED, start);
      if (lineFeed !== -1 && lineFeed <= limit) {
        this.#keep(data.subarray(start, lineFeed));
        yield { line: withoutCarriageReturn(this.#take(false)), continues: false };
        start = lineFeed + 1;
      } else if (limit < data.length) {
        this.#keep(data.subarray(start, limit));
        yield { line: this.#take(true), continues: true };
        start = limit;
      } else {
        this.#keep(data.subarray(start));
        return;
      }
    }
  }

  /** What is left at the end of the stream: a last line without a terminator. */
  *end(): Generator<DecodedLine, void, undefined> {
    const line = this.#take(false);
    if (line !== "") {
      yield { line, continues: false };
    }
  }

  #keep(data: Uint8Array): void {
    if (data.length > 0) {
      // A copy: a few kept bytes would pin the whole message that they came in.
      this.#pending.push(data.slice());
      this.#pendingBytes += data.length;
    }
  }

  // Where the line goes on, a character may be split at the cut: the decoder keeps its first bytes.
  #take(continues: boolean): string {
    const pending = this.#pending.splice(0);
    this.#pendingBytes = 0;
    const text = pending.map((piece) => this.#decoder.decode(piece, { stream: true })).join("");
    return continues ? text : text + this.#decoder.decode();
  }
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
