import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { WrittenStream } from "../runner/runner.js";

/** The bytes before each chunk of a spool file: its stream (1) and its length (4, big-endian). */
export const FRAME_HEADER_BYTES = 5;

/** The header of a chunk of `length` bytes. */
export function encodeFrameHeader(stream: WrittenStream, length: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  header[0] = stream;
  new DataView(header.buffer).setUint32(1, length);
  return header;
}

/** The header that begins at `offset`. */
export function decodeFrameHeader(
  block: Uint8Array,
  offset: number,
): { stream: WrittenStream; length: number } {
  const view = new DataView(block.buffer, block.byteOffset + offset, FRAME_HEADER_BYTES);
  const stream =
    view.getUint8(0) === OutputStream.STDERR ? OutputStream.STDERR : OutputStream.STDOUT;
  return { stream, length: view.getUint32(1) };
}
