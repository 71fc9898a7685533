/**
 * The largest headers, or trailers, that are read: what nine frames hold of the usual 16 KiB, as
 * nghttp2 ends the whole connection at more (CVE-2024-28182). It is told to the server, and counted
 * as HTTP/2 says: 32 bytes more for each field.
 */
export const MAX_HEADER_LIST_BYTES = 128 * 1024;

/** No list of that size has more fields than this. Node.js alone would refuse more than 128. */
export const MAX_HEADER_PAIRS = MAX_HEADER_LIST_BYTES / 32;

// Compressed, what is just too large takes a quarter of its size at least, unless it repeats itself.
const LEAST_WIRE_BYTES = MAX_HEADER_LIST_BYTES / 4;

/** The cause of a stream's end where the headers of the answer were more than this side reads. */
export class HeadersTooLarge extends Error {
  constructor(cause: unknown) {
    const limit = isTooManyFrames(cause)
      ? "come in more frames than"
      : `are larger than the ${MAX_HEADER_LIST_BYTES} bytes that`;
    super(`its headers or trailers ${limit} this client reads`, { cause });
  }
}

// NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, which has no name in Node.js.
const TOO_MANY_CONTINUATIONS = -905;

/** Whether nghttp2 ended the whole connection because of headers in too many frames. */
export function isTooManyFrames(error: unknown): boolean {
  return error instanceof Error && "errno" in error && error.errno === TOO_MANY_CONTINUATIONS;
}

/**
 * Whether a stream that ended as ENHANCE_YOUR_CALM was this side's doing. Node.js resets a stream
 * with that code where headers are too large, and tells it like a reset by the server. But a frame
 * that resets has 13 bytes, and such headers have many.
 *
 * @param bytes that arrived on the connection since the request, other than the stream's data. They
 *   may be those of other streams, so that on a busy connection this can be mistaken.
 */
export function maybeTooLarge(bytes: number): boolean {
  return bytes >= LEAST_WIRE_BYTES;
}
