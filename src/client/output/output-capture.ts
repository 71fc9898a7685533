import { CapturedOutput } from "../../model/captured-output.js";
import { GrowingBuffer } from "./growing-buffer.js";

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
    const all = new Uint8Array(this.#totalBytes);
    all.set(head);
    all.set(tail, head.length);
    return new CapturedOutput(all, new Uint8Array(0), this.#totalBytes);
  }
}
