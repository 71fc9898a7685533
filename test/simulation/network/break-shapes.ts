import { Code, ConnectError } from "@connectrpc/connect";

/** How a connection or a stream breaks. `no end` is the orderly end of an answer without its status. */
export const BREAK_SHAPES = [
  "fin",
  "reset",
  "RST_STREAM NO_ERROR",
  "RST_STREAM INTERNAL_ERROR",
  "RST_STREAM CANCEL",
  "RST_STREAM ENHANCE_YOUR_CALM",
  "RST_STREAM REFUSED_STREAM",
  "connection lost",
  "session error",
  "no end",
] as const;
export type BreakShape = (typeof BREAK_SHAPES)[number];

/** How it is told that no application has seen a request. */
export const REFUSAL_SHAPES = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
] as const;
export type RefusalShape = (typeof REFUSAL_SHAPES)[number];

/** Why an exchange broke, before a transport finds its own words for it. */
export class Break extends Error {
  readonly shape: Exclude<BreakShape, "no end"> | RefusalShape;
  /** What the client itself says that the connection did, where it gave it up. */
  readonly how: string | undefined;

  constructor(shape: Break["shape"], how?: string) {
    super(how ?? shape);
    this.shape = shape;
    this.how = how;
  }

  /** Whether it proves that no application has seen the request. */
  get isRefusal(): boolean {
    return REFUSAL_SHAPES.some((shape) => shape === this.shape);
  }
}

/** Whether there is no connection that could carry a request. */
export function isUnreachable(shape: RefusalShape): boolean {
  return shape === "ECONNREFUSED" || shape === "ENOTFOUND";
}

/** How a transport of Connect's words a break, as measured with connect-node. */
export function connectError({ shape }: Break): ConnectError {
  switch (shape) {
    case "fin":
      return closedWith("CANCEL (0x8)", Code.Canceled);
    case "reset":
      return caused("read ECONNRESET", "ECONNRESET", Code.Aborted);
    case "RST_STREAM NO_ERROR":
      return closedWith("NO_ERROR (0x0)", Code.Internal);
    case "RST_STREAM INTERNAL_ERROR":
      return closedWith("INTERNAL_ERROR (0x2)", Code.Internal);
    case "RST_STREAM CANCEL":
      return closedWith("CANCEL (0x8)", Code.Canceled);
    case "RST_STREAM ENHANCE_YOUR_CALM":
      return closedWith("ENHANCE_YOUR_CALM (0xb)", Code.ResourceExhausted);
    case "RST_STREAM REFUSED_STREAM":
      // That nothing has seen the request is known to the transport only: these words prove nothing.
      return caused(
        "Stream closed with error code NGHTTP2_REFUSED_STREAM",
        "ERR_HTTP2_STREAM_ERROR",
        Code.Internal,
      );
    case "connection lost":
      return new ConnectError("connection lost: the server closed it", Code.Unavailable);
    case "session error":
      return caused(
        "Session closed with error code NGHTTP2_INTERNAL_ERROR",
        "ERR_HTTP2_SESSION_ERROR",
        Code.Internal,
      );
    case "ECONNREFUSED":
      return caused("connect ECONNREFUSED 127.0.0.1:443", shape, Code.Unavailable);
    case "ENOTFOUND":
      return caused("getaddrinfo ENOTFOUND engine.example", shape, Code.Unavailable);
    case "ERR_HTTP2_GOAWAY_SESSION":
      return caused("New streams cannot be created after receiving a GOAWAY", shape, Code.Internal);
    case "ERR_HTTP2_INVALID_SESSION":
      return caused("The session has been destroyed", shape, Code.Internal);
  }
}

function closedWith(reset: string, code: Code): ConnectError {
  return new ConnectError(`http/2 stream closed with error code ${reset}`, code);
}

function caused(message: string, errorCode: string, code: Code): ConnectError {
  const cause = Object.assign(new Error(message), { code: errorCode });
  return new ConnectError(message, code, undefined, undefined, cause);
}
