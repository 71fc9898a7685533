import { joined } from "../model/bytes.js";
import { CapturedOutput } from "../model/captured-output.js";

const FIRST_CAPACITY = 4096;

/**
 * Bytes in one block of memory, which grows by doubling up to a limit. Kept in one block because a
 * list of small chunks takes many times the memory of their bytes.
 */
export class GrowingBuffer {
  readonly #limit: number;
  #block = new Uint8Array(0);
  #used = 0;
  // Where the oldest byte is, once the block is full and rolls.
  #oldest = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds as many bytes as fit, and returns the rest. */
  fill(data: Uint8Array): Uint8Array {
    const fitting = data.subarray(0, this.#limit - this.#used);
    this.#reserve(this.#used + fitting.length);
    this.#block.set(fitting, this.#used);
    this.#used += fitting.length;
    return data.subarray(fitting.length);
  }

  /** Adds all bytes; the oldest ones make room. */
  roll(data: Uint8Array): void {
    let rest = this.fill(data);
    // Of more than a whole block only the end can stay.
    rest = rest.subarray(Math.max(0, rest.length - this.#limit));
    while (rest.length > 0) {
      const piece = rest.subarray(0, this.#limit - this.#oldest);
      this.#block.set(piece, this.#oldest);
      this.#oldest = (this.#oldest + piece.length) % this.#limit;
      rest = rest.subarray(piece.length);
    }
  }

  /** A copy of the bytes, oldest first. */
  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#used);
    bytes.set(this.#block.subarray(this.#oldest, this.#used));
    bytes.set(this.#block.subarray(0, this.#oldest), this.#used - this.#oldest);
    return bytes;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#block.length) {
      return;
    }
    const doubled = Math.max(this.#block.length * 2, FIRST_CAPACITY);
    const grown = new Uint8Array(Math.min(Math.max(doubled, bytes), this.#limit));
    grown.set(this.#block.subarray(0, this.#used));
    this.#block = grown;
  }
}

/**
 * Keeps the output of one stream in bounded memory: everything up to a limit, beyond it the first
 * and the last half of the limit.
 */
export class OutputCapture {
  readonly #head: GrowingBuffer;
  readonly #tail: GrowingBuffer;
  #totalBytes = 0;

  /** @param maxBytes how much is kept at most. */
  constructor(maxBytes: number) {
    const headBytes = Math.ceil(maxBytes / 2);
    this.#head = new GrowingBuffer(headBytes);
    this.#tail = new GrowingBuffer(maxBytes - headBytes);
  }

  /** Takes the next bytes of the stream. */
  add(data: Uint8Array): void {
    this.#totalBytes += data.length;
    const rest = this.#head.fill(data);
    this.#tail.roll(rest);
  }

  /** What was kept so far; later bytes do not change it. */
  captured(): CapturedOutput {
    const head = this.#head.bytes();
    const tail = this.#tail.bytes();
    if (head.length + tail.length < this.#totalBytes) {
      return new CapturedOutput(head, tail, this.#totalBytes);
    }
    return new CapturedOutput(joined([head, tail]), new Uint8Array(0), this.#totalBytes);
  }
}
