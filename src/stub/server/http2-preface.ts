/**
 * What an HTTP/2 connection with prior knowledge starts with (RFC 9113, section 3.4). Its first
 * line is no request that an HTTP/1.1 client would make, but its first byte can be: P is POST, too.
 */
export const HTTP2_PREFACE: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Whether the first bytes of a connection are the preface, could become it, or are not. */
export function matchPreface(head: Uint8Array): "match" | "partial" | "mismatch" {
  const length = Math.min(head.length, HTTP2_PREFACE.length);
  if (Buffer.compare(head.subarray(0, length), HTTP2_PREFACE.subarray(0, length)) !== 0) {
    return "mismatch";
  }
  return length === HTTP2_PREFACE.length ? "match" : "partial";
}
