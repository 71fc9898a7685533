import { joined } from "../model/bytes.js";
import type { Batch } from "./wire.js";

/**
 * Smaller frames, on average, are copied together, so that one of them that is kept does not pin what
 * Node.js read at once (64 KiB), and one CRC serves for all of them.
 */
export const SMALL_BYTES = 2048;

const NOTHING = new Uint8Array(0);

/** A piece of output, and where it comes from. */
export interface OutputPiece {
  readonly stderr: boolean;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Pieces that each have bytes of their own. */
export class PieceBatch implements Batch {
  readonly count: number;
  readonly bytes: number;
  readonly #pieces: readonly OutputPiece[];

  /** @param pieces none of which is empty. */
  constructor(pieces: readonly OutputPiece[]) {
    this.#pieces = pieces;
    this.count = pieces.length;
    this.bytes = pieces.reduce((sum, { data }) => sum + data.length, 0);
  }

  stderr(index: number): boolean {
    return this.#pieces[index]?.stderr ?? false;
  }

  data(index: number): Uint8Array<ArrayBuffer> {
    return this.#pieces[index]?.data ?? NOTHING;
  }

  join(stderr: boolean): Uint8Array<ArrayBuffer> {
    return inOne(this.#pieces.filter((piece) => piece.stderr === stderr).map(({ data }) => data));
  }
}

const NO_NUMBERS: number[] = [];
const NO_FLAGS: boolean[] = [];

/** Collects the places of frames in the bytes of one read, and makes a batch of them. */
export class BatchBuilder {
  // Made for each batch: an idle follower has none.
  #starts: number[] | undefined;
  #ends: number[] = NO_NUMBERS;
  #stderr: boolean[] = NO_FLAGS;
  #bytes = 0;
  #stderrBytes = 0;

  /** Notes a frame; an empty one is left out. */
  add(stderr: boolean, start: number, end: number): void {
    const length = end - start;
    if (length > 0) {
      if (this.#starts === undefined) {
        this.#starts = [];
        this.#ends = [];
        this.#stderr = [];
      }
      this.#starts.push(start);
      this.#ends.push(end);
      this.#stderr.push(stderr);
      this.#bytes += length;
      this.#stderrBytes += stderr ? length : 0;
    }
  }

  /**
   * The frames since the last time; undefined if there were none.
   *
   * @param source the bytes that the places are in.
   */
  take(source: Uint8Array): Batch | undefined {
    const starts = this.#starts;
    if (starts === undefined) {
      return undefined;
    }
    const [ends, stderr] = [this.#ends, this.#stderr];
    const [bytes, stderrBytes] = [this.#bytes, this.#stderrBytes];
    const count = starts.length;
    this.#starts = undefined;
    this.#ends = NO_NUMBERS;
    this.#stderr = NO_FLAGS;
    this.#bytes = 0;
    this.#stderrBytes = 0;
    if (bytes / count >= SMALL_BYTES && source.buffer instanceof ArrayBuffer) {
      const { buffer, byteOffset } = source;
      return new PieceBatch(
        starts.map((start, i) => ({
          stderr: stderr[i] ?? false,
          data: new Uint8Array(buffer, byteOffset + start, (ends[i] ?? start) - start),
        })),
      );
    }
    const slabs = [new Uint8Array(bytes - stderrBytes), new Uint8Array(stderrBytes)] as const;
    const used = [0, 0];
    for (let i = 0; i < count; i += 1) {
      const which = stderr[i] ? 1 : 0;
      const [start = 0, end = 0] = [starts[i], ends[i]];
      const to = used[which] ?? 0;
      copy(source, start, end, slabs[which], to);
      starts[i] = to;
      used[which] = to + end - start;
      ends[i] = to + end - start;
    }
    return new SlabBatch(bytes, stderr, starts, ends, slabs[0], slabs[1]);
  }
}

// For a few bytes a loop is faster than the two objects of subarray and set.
const LOOP_BYTES = 32;

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > LOOP_BYTES) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let i = start; i < end; i += 1) {
    to[at + i - start] = from[i] ?? 0;
  }
}

/** Small frames, copied into one block a stream. */
class SlabBatch implements Batch {
  readonly count: number;
  readonly bytes: number;
  readonly #stderr: readonly boolean[];
  readonly #starts: readonly number[];
  readonly #ends: readonly number[];
  readonly #out: Uint8Array<ArrayBuffer>;
  readonly #err: Uint8Array<ArrayBuffer>;

  constructor(
    bytes: number,
    stderr: readonly boolean[],
    starts: readonly number[],
    ends: readonly number[],
    out: Uint8Array<ArrayBuffer>,
    err: Uint8Array<ArrayBuffer>,
  ) {
    this.count = starts.length;
    this.bytes = bytes;
    this.#stderr = stderr;
    this.#starts = starts;
    this.#ends = ends;
    this.#out = out;
    this.#err = err;
  }

  stderr(index: number): boolean {
    return this.#stderr[index] ?? false;
  }

  data(index: number): Uint8Array<ArrayBuffer> {
    const start = this.#starts[index] ?? 0;
    const slab = this.#stderr[index] ? this.#err : this.#out;
    return new Uint8Array(slab.buffer, start, (this.#ends[index] ?? start) - start);
  }

  join(stderr: boolean): Uint8Array<ArrayBuffer> {
    return stderr ? this.#err : this.#out;
  }
}

/** The parts in one: a copy, but for a single part. */
export function inOne(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return parts.length < 2 ? (parts[0] ?? NOTHING) : joined(parts);
}
