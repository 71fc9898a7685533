import type { ClientHttp2Stream } from "node:http2";
import { Readable } from "node:stream";

const FIRST_SLAB_BYTES = 4 * 1024;
const LARGEST_SLAB_BYTES = 64 * 1024;
// A chunk is a view of what one read from the network brought, at most 64 KiB.
const LARGE_CHUNK_BYTES = 32 * 1024;

/**
 * What arrives for a stream while nobody reads it, which can be all of its window. Node.js gives each
 * DATA frame as a view of a read of up to 64 KiB, shared with other streams: a window of small
 * frames would pin a multiple of itself (three stalled streams among 60, at 100 bytes a frame: 69 MB).
 * So frames are copied together while the stream is paused. Then a stalled stream holds at most twice
 * its window, and 4 KiB: a slab is no larger than what is held already, and a frame that is not
 * copied is at least half of the read that it pins.
 */
export class StalledChunks {
  readonly #stream: ClientHttp2Stream;
  #slab = Buffer.alloc(0);
  #used = 0;
  #held: number;

  /** @param stream must be paused. */
  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.#held = stream.readableLength;
    // Before the stream's own method, which `release` brings back.
    stream.push = (chunk: unknown) => this.#push(chunk);
  }

  /** Hands all that is held to the stream, and what comes as it comes. */
  release(): void {
    Reflect.deleteProperty(this.#stream, "push");
    this.#flush();
  }

  /** The rest, of a stream that takes no more. */
  take(): Uint8Array | undefined {
    const rest = this.#slab.subarray(0, this.#used);
    this.#slab = Buffer.alloc(0);
    this.#used = 0;
    return rest.byteLength > 0 ? rest : undefined;
  }

  #push(chunk: unknown): boolean {
    if (!(chunk instanceof Uint8Array) || chunk.byteLength >= LARGE_CHUNK_BYTES) {
      this.#flush();
      return this.#pass(chunk);
    }
    this.#held += chunk.byteLength;
    let free = this.#slab.byteLength - this.#used;
    let wantsMore = true;
    if (free < chunk.byteLength) {
      wantsMore = this.#flush();
      const size = Math.min(Math.max(this.#held, FIRST_SLAB_BYTES), LARGEST_SLAB_BYTES);
      this.#slab = Buffer.allocUnsafeSlow(Math.max(size, chunk.byteLength));
      free = this.#slab.byteLength;
    }
    this.#slab.set(chunk, this.#used);
    this.#used += chunk.byteLength;
    return wantsMore;
  }

  /** @returns whether the stream wants more. */
  #flush(): boolean {
    if (this.#used === 0 || this.#stream.destroyed) {
      return true;
    }
    const rest = this.take();
    return this.#pass(rest);
  }

  #pass(chunk: unknown): boolean {
    return Readable.prototype.push.call(this.#stream, chunk);
  }
}
