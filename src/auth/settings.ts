import { Code, ConnectError } from "@connectrpc/connect";

/** The value of an environment variable; undefined where it is not set or empty. */
export function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** The error of a setting outside of the program: an environment variable, a file, a directory. */
export function settingError(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}
