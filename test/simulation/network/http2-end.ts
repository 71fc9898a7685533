import { constants } from "node:http2";
import type { Failure } from "../../../src/errors/outcome.js";
import type { ServerAddress } from "../../../src/transport/aiem-url.js";
import { connectFailure, connectionLost } from "../../../src/transport/failures.js";
import type { Http2End } from "../../../src/transport/http2/http2.js";
import type { Break } from "./break-shapes.js";
import type { FateKind } from "./fates.js";

/** The server that every connection of a simulation goes to. */
export const SIMULATED_SERVER: ServerAddress = {
  origin: "https://simulated",
  baseUrl: "https://simulated",
  pathPrefix: "",
  authority: "simulated",
  host: "simulated",
  lookupHost: "simulated",
  port: 443,
  secure: true,
  loopback: false,
};

/** The end of a stream that the server ended in an orderly way. */
export const ENDED: Http2End = { rstCode: constants.NGHTTP2_NO_ERROR, neverProcessed: false };

/** What HTTP/2 shows of a break. */
export function http2End({ shape, message, how }: Break, fate: FateKind): Http2End {
  switch (shape) {
    case "fin":
      return lost("closed it");
    case "reset":
      return lost("failed (ECONNRESET)", nodeError("read ECONNRESET", "ECONNRESET"));
    case "connection lost":
      return lost(how ?? "closed it with GOAWAY INTERNAL_ERROR");
    case "session error":
      return lost(
        "failed (ERR_HTTP2_SESSION_ERROR)",
        nodeError(message, "ERR_HTTP2_SESSION_ERROR"),
      );
    case "ECONNREFUSED":
    case "ENOTFOUND":
      return { failure: connectFailure(nodeError(message, shape), SIMULATED_SERVER) };
    case "ERR_HTTP2_GOAWAY_SESSION":
      return reset(constants.NGHTTP2_REFUSED_STREAM, true);
    case "ERR_HTTP2_INVALID_SESSION":
      // A GOAWAY that ends the connection, and names an earlier stream as its last.
      return { failure: { ...loss("closed it with GOAWAY INTERNAL_ERROR"), kind: "refused" } };
    case "RST_STREAM NO_ERROR":
      return ENDED;
    case "RST_STREAM INTERNAL_ERROR":
      return reset(constants.NGHTTP2_INTERNAL_ERROR);
    case "RST_STREAM CANCEL":
      return reset(constants.NGHTTP2_CANCEL);
    case "RST_STREAM ENHANCE_YOUR_CALM":
      return reset(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    case "RST_STREAM REFUSED_STREAM":
      // The code alone proves nothing where something behind a proxy saw the request.
      return reset(constants.NGHTTP2_REFUSED_STREAM, fate === "lost before");
  }
}

/** Whether a break ends the connection, with everything else that is on it. */
export function endsConnection({ shape }: Break): boolean {
  switch (shape) {
    case "fin":
    case "reset":
    case "connection lost":
    case "session error":
      return true;
    default:
      return false;
  }
}

function lost(how: string, cause?: unknown): Http2End {
  return { failure: loss(how, cause) };
}

function loss(how: string, cause?: unknown): Failure {
  return connectionLost(SIMULATED_SERVER.origin, how, cause);
}

function reset(rstCode: number, neverProcessed = false): Http2End {
  // Node.js has no error for a stream that is cancelled.
  return rstCode === constants.NGHTTP2_CANCEL
    ? { rstCode, neverProcessed }
    : {
        rstCode,
        neverProcessed,
        cause: nodeError(`Stream closed with error code ${rstCode}`, "ERR_HTTP2_STREAM_ERROR"),
      };
}

function nodeError(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
