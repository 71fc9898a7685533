const FIRST_CAPACITY = 4096;

/**
 * Bytes that come in pieces, in one block of memory that doubles as it fills. A list of the pieces
 * would take many times their memory where a server sends them one by one.
 */
export class GrowingBytes {
  #block = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#block.length) {
      const block = Buffer.allocUnsafe(Math.max(FIRST_CAPACITY, length, 2 * this.#block.length));
      block.set(this.#block.subarray(0, this.#length));
      this.#block = block;
    }
    this.#block.set(bytes, this.#length);
    this.#length = length;
  }

  /** The bytes so far, which are the caller's from now on; empty again after that. */
  take(): Buffer {
    const bytes = this.#block.subarray(0, this.#length);
    this.#block = Buffer.alloc(0);
    this.#length = 0;
    return bytes;
  }
}
