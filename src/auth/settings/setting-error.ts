import { Code, ConnectError } from "@connectrpc/connect";

/** The error of a setting outside of the program: an environment variable, a file, a directory. */
export function settingError(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}
