import { headerTimeoutMs } from "../header-timeout.js";

// Those of the connection are HTTP's own matter, and so is the length of the body.
const NOT_OURS = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // Connect's; grpc-gateway reads gRPC's.
  "connect-timeout-ms",
];

/** The headers of a call as interceptors see them: the caller's, and the time that it has. */
export function callHeaders(
  header: HeadersInit | undefined,
  timeoutMs: number | undefined,
): Headers {
  const headers = new Headers(header);
  if (timeoutMs !== undefined) {
    headers.set("grpc-timeout", `${headerTimeoutMs(timeoutMs)}m`);
  }
  return headers;
}

/** The headers of a request, from those that the interceptors left. */
export function requestHeaders(header: Headers, body: string | undefined): Headers {
  const headers = new Headers(header);
  for (const name of NOT_OURS) {
    headers.delete(name);
  }
  headers.set("accept", "application/json");
  // Without it any coding would do (RFC 9110, section 12.5.3), and none is decoded.
  headers.set("accept-encoding", "identity");
  if (body === undefined) {
    headers.delete("content-type");
  } else {
    headers.set("content-type", "application/json");
  }
  return headers;
}
