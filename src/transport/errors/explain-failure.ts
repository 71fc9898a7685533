import { Code, ConnectError } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import type { ServerAddress } from "../aiem-url.js";
import type { CallRecord } from "../call-record.js";
import { connectFailure, connectFailureKind, errorOfFailure } from "./connect-failure.js";
import { connectionLost, hintAtTls } from "./connection-lost.js";
import { http2ErrorName } from "./http2-error-name.js";
import { repairStatus } from "./malformed-status.js";
import { notGrpc } from "./not-grpc.js";
import { forgetRawPacket } from "./raw-packet.js";
import { type AskedFor, unknownPath } from "./unknown-path.js";

/** What is known about every call of a transport. */
export interface ExplainContext {
  readonly address: ServerAddress;
  readonly protocol: "grpc" | "connect" | "rest";
}

/** What is known about one call. */
interface CallContext extends ExplainContext {
  readonly asked: AskedFor;
}

/**
 * Tells what broke a call. connect-node tells the same break in different ways: a server that goes
 * away is Canceled, Aborted, Internal or InvalidArgument, by the protocol and by chance. Here it is
 * Unavailable. What the server itself said stays as it is.
 */
export function explainFailure(error: unknown, record: CallRecord, context: CallContext): unknown {
  forgetRawPacket(error);
  const explained = explain(error, record, context);
  const { connection } = record;
  return explained instanceof ConnectError && connection?.unheard && !connection.lost
    ? hintAtTls(explained, context.address)
    : explained;
}

function explain(error: unknown, record: CallRecord, context: CallContext): unknown {
  if (context.protocol === "rest") {
    // Our own transport tells the rest by itself.
    return record.grpcStatus === undefined ? (record.connection?.lost ?? error) : error;
  }
  const repaired = repairStatus(error, record.grpcStatus);
  if (repaired) {
    return repaired;
  }
  if (!(error instanceof ConnectError) || connectFailureKind(error) !== undefined) {
    return error;
  }
  if (error.cause instanceof FailureThrown) {
    return errorOfFailure(error.cause.failure);
  }
  if (isBreak(error)) {
    return explainBreak(error, record, context.address);
  }
  const notThere =
    context.protocol === "grpc"
      ? notGrpc(error, record.response, context.address)
      : notConnect(error, context.asked);
  return notThere ?? tooLarge(error) ?? error;
}

// What is made of HTTP 404, with or without the JSON of grpc-gateway. A server of Connect names the
// method that it does not have.
function notConnect(error: ConnectError, asked: AskedFor): ConnectError | undefined {
  const isUnrouted =
    error.code === Code.Unimplemented && /^(Not Found|HTTP 404)$/.test(error.rawMessage);
  const hint = "check the path of aiemUrl, and that the server speaks Connect";
  return isUnrouted ? unknownPath(error, asked, hint) : undefined;
}

// The errors that connect-node makes by itself when an answer ends in the middle.
function isBreak(error: ConnectError): boolean {
  return (
    nodeErrorCode(error.cause) !== undefined ||
    /^(http\/2 stream closed|protocol error: missing|protocol error: incomplete)/.test(
      error.rawMessage,
    )
  );
}

function explainBreak(
  error: ConnectError,
  record: CallRecord,
  address: ServerAddress,
): ConnectError {
  if (record.grpcStatus !== undefined) {
    return error;
  }
  const lost = record.connection?.lost;
  if (lost) {
    return lost;
  }
  if (record.rstCode !== undefined) {
    return reset(error, record.rstCode, record.neverProcessed);
  }
  const code = nodeErrorCode(error.cause);
  if (code === undefined || code === "ERR_STREAM_WRITE_AFTER_END") {
    return error;
  }
  return (
    notConnected(error.cause, code, address) ??
    connectionLost(address.origin, `failed (${code})`, error.cause)
  );
}

// What comes after the request and still tells that it was not looked at: a client's certificate is
// refused (in TLS 1.3, after the handshake), or the answer is not even "HTTP/".
function notConnected(
  cause: unknown,
  code: string,
  address: ServerAddress,
): ConnectError | undefined {
  const failure =
    code.startsWith("ERR_SSL_") || code === "HPE_INVALID_CONSTANT"
      ? connectFailure(cause, address)
      : undefined;
  const kind = connectFailureKind(failure);
  return kind === "certificate" || kind === "protocol" ? failure : undefined;
}

function reset(cause: ConnectError, code: number, neverProcessed: boolean): ConnectError {
  const what = neverProcessed ? "refused the call before it did anything" : "broke the call off";
  const message = `the server ${what} (HTTP/2 ${http2ErrorName(code)})`;
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}

function tooLarge(error: ConnectError): ConnectError | undefined {
  if (error.code !== Code.ResourceExhausted || !error.rawMessage.includes("readMaxBytes")) {
    return undefined;
  }
  const message = `${error.rawMessage}; stream the output, or raise readMaxBytes`;
  return new ConnectError(message, error.code, error.metadata, undefined, error);
}
