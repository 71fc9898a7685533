import { Code, ConnectError } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import type { ServerAddress } from "../aiem-url.js";

/** The error of a call whose connection ended under it. */
export function connectionLost(origin: string, how: string, cause?: unknown): ConnectError {
  const message = `connection lost: ${origin} ${how}`;
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}

/**
 * Adds to the error of a connection that the server closed without a word what may be the reason: a
 * server of TLS does so with a request that is not encrypted.
 */
export function hintAtTls(error: ConnectError, { secure }: ServerAddress): ConnectError {
  const code = nodeErrorCode(error.cause);
  const isClosed = code === undefined || code === "ECONNRESET" || code === "EPIPE";
  if (secure || !isClosed || !error.rawMessage.startsWith("connection lost: ")) {
    return error;
  }
  const message = `${error.rawMessage}; if it expects TLS, use https://`;
  return new ConnectError(message, error.code, undefined, undefined, error.cause);
}

/** The error of a call when its client is closed. */
export function clientClosed(): ConnectError {
  return new ConnectError("the client was closed", Code.Canceled);
}
