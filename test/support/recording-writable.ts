import { Writable } from "node:stream";

/** What a `RecordingWritable` does with each chunk. */
export interface RecordingOptions {
  readonly highWaterMark?: number;
  /** Takes a chunk; throws to fail. */
  readonly take?: (chunk: Buffer) => Promise<void> | void;
}

/** Keeps what is written to it, and tells how much was waiting at most. */
export class RecordingWritable extends Writable {
  readonly #take: NonNullable<RecordingOptions["take"]>;
  readonly #chunks: Buffer[] = [];
  #mostWaiting = 0;
  #largestChunk = 0;

  constructor({ highWaterMark = 16 * 1024, take = () => undefined }: RecordingOptions = {}) {
    super({ highWaterMark });
    this.#take = take;
  }

  /** What was taken so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** The most bytes that were written and not yet taken. */
  get mostWaiting(): number {
    return this.#mostWaiting;
  }

  get largestChunk(): number {
    return this.#largestChunk;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#mostWaiting = Math.max(this.#mostWaiting, this.writableLength);
    this.#largestChunk = Math.max(this.#largestChunk, chunk.length);
    const taken = async () => {
      await this.#take(chunk);
      this.#chunks.push(chunk);
    };
    taken().then(() => done(), done);
  }
}

/** How many listeners there are, of all events. */
export function listenerCount(writable: Writable): number {
  return writable.eventNames().reduce((sum, event) => sum + writable.listenerCount(event), 0);
}
