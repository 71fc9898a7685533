import { ConnectError } from "@connectrpc/connect";

/** What was asked for over HTTP. */
export interface AskedFor {
  /** The HTTP method. */
  readonly method: string;
  /** The path, without a query. */
  readonly path: string;
}

/**
 * Says which path an edge does not know whose whole answer is "Not Found". That looks like a process
 * that is not there, and as a rule is a path of aiemUrl that is wrong.
 */
export function unknownPath(
  error: ConnectError,
  { method, path }: AskedFor,
  hint: string,
): ConnectError {
  const message = `${error.rawMessage}: ${method} ${path}; ${hint}`;
  return new ConnectError(message, error.code, error.metadata, undefined, error);
}
