import type { WrittenStream } from "../runner/runner.js";
import type { SpoolReader } from "../spool/spool.js";

const MAX_CHUNK_BYTES = 32 * 1024;

/** A chunk of output, of one stream. */
export interface OutputChunk {
  readonly stream: WrittenStream;
  /** Never empty. */
  readonly data: Uint8Array;
}

/**
 * The next chunk of the reader's block, adjacent pieces of one stream joined: a program that writes
 * byte by byte must not cost a message for each. Undefined at the end of the block.
 */
export function takeJoined(reader: SpoolReader): OutputChunk | undefined {
  const first = reader.take(MAX_CHUNK_BYTES);
  if (first === undefined) return undefined;
  const { stream } = first;
  const parts = [first.data];
  let length = first.data.length;
  while (length < MAX_CHUNK_BYTES && reader.peek() === stream) {
    const piece = reader.take(MAX_CHUNK_BYTES - length);
    if (piece === undefined) break;
    parts.push(piece.data);
    length += piece.data.length;
  }
  if (parts.length === 1) return { stream, data: first.data };
  const data = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { stream, data };
}
