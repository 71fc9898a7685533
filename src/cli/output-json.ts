import { isUtf8 } from "node:buffer";
import type { OutputChunk, OutputFrame } from "../index.js";

/** A piece of output for machines: base64, and as text where it is UTF-8. */
export function outputJson(frame: OutputFrame | OutputChunk): object {
  const { stream, data } = frame;
  const offset = "offset" in frame ? frame.offset : undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const text = isUtf8(bytes) ? bytes.toString("utf8") : undefined;
  return { stream, offset, data: bytes.toString("base64"), text };
}
