import { Code, ConnectError } from "@connectrpc/connect";

/** The error of a call whose connection ended under it. */
export function connectionLost(origin: string, how: string, cause?: unknown): ConnectError {
  const message = `connection lost: ${origin} ${how}`;
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}

/** The error of a call when its client is closed. */
export function clientClosed(): ConnectError {
  return new ConnectError("the client was closed", Code.Canceled);
}
