import type { OutputFrame, ProcessStream } from "../../src/index.js";

/** The bytes of frames joined: of one stream, or of both. */
export function joined(frames: readonly OutputFrame[], stream?: ProcessStream): Buffer {
  const chosen = frames.filter((frame) => stream === undefined || frame.stream === stream);
  return Buffer.concat(chosen.map(({ data }) => data));
}

/** Both streams as text. */
export function texts(frames: readonly OutputFrame[]): { stdout: string; stderr: string } {
  return {
    stdout: joined(frames, "OUTPUT_STREAM_STDOUT").toString(),
    stderr: joined(frames, "OUTPUT_STREAM_STDERR").toString(),
  };
}

/** Reads to the end. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) {
    read.push(item);
  }
  return read;
}

/** Reads until `enough`, and leaves the loop. */
export async function until<T>(
  items: AsyncIterable<T>,
  enough: (read: readonly T[]) => boolean,
): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) {
    read.push(item);
    if (enough(read)) {
      return read;
    }
  }
  throw new Error(`the end came after ${read.length} items, before there was enough`);
}
