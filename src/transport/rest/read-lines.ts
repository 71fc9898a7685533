import { GrowingBytes } from "./growing-bytes.js";

const LINE_FEED = 0x0a;

/** Bytes of an answer that belong together are more than there may be. */
export class TooManyBytes extends Error {}

/** A line without its line feed. */
export interface Line {
  readonly bytes: Uint8Array;
  /** Whether a line feed ended it, and not the end of all. */
  readonly terminated: boolean;
}

/**
 * Cuts bytes at their line feeds, wherever the pieces were cut. Lines without bytes are left out.
 *
 * @throws TooManyBytes as soon as a line is longer than `maxBytes`.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
  const pending = new GrowingBytes();
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, start)) {
      append(pending, piece.subarray(start, end), maxBytes);
      if (pending.length > 0) {
        yield { bytes: pending.take(), terminated: true };
      }
      start = end + 1;
    }
    append(pending, piece.subarray(start), maxBytes);
  }
  if (pending.length > 0) {
    yield { bytes: pending.take(), terminated: false };
  }
}

/** @throws TooManyBytes as soon as there are more than `maxBytes`. */
export async function readAll(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const all = new GrowingBytes();
  for await (const piece of pieces) {
    append(all, piece, maxBytes);
  }
  return all.take();
}

function append(bytes: GrowingBytes, more: Uint8Array, maxBytes: number): void {
  if (bytes.length + more.length > maxBytes) {
    throw new TooManyBytes();
  }
  bytes.append(more);
}
