const FIRST_CAPACITY = 4096;
const KEPT_CAPACITY = 256 * 1024;

/**
 * Bytes that come in pieces, in one block of memory that doubles as it fills. A list of the pieces
 * would take many times their memory where a server sends them one by one.
 */
export class ByteBlock {
  #block = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes so far, until `clear`. */
  get bytes(): Buffer {
    return this.#block.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#block.length) {
      const block = Buffer.allocUnsafeSlow(
        Math.max(FIRST_CAPACITY, length, 2 * this.#block.length),
      );
      block.set(this.#block.subarray(0, this.#length));
      this.#block = block;
    }
    this.#block.set(bytes, this.#length);
    this.#length = length;
  }

  /** Empties it, and keeps its memory for the next bytes, unless that is much. */
  clear(): void {
    this.#length = 0;
    if (this.#block.length > KEPT_CAPACITY) {
      this.#block = Buffer.alloc(0);
    }
  }
}

/** The parts one after the other, in a copy. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  // Not from Node's pool, as Buffer.concat has it: a slice of the pool would keep all of it.
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
