/** The names of the error codes of HTTP/2, in the order of their numbers (RFC 9113, section 7). */
export const HTTP2_ERROR_CODES = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
] as const;

/** The name of an error code of HTTP/2 (RFC 9113, section 7). */
export type Http2ErrorCode = (typeof HTTP2_ERROR_CODES)[number];

/** The name of the code of an RST_STREAM or GOAWAY frame. */
export function http2ErrorName(code: number): string {
  return HTTP2_ERROR_CODES[code] ?? `code ${code}`;
}
