import type { ConnectError } from "@connectrpc/connect";
import { internal, invalidArgument, permissionDenied, systemErrorCode } from "../refusals.js";

/** Why the machine did not send a signal to a process that is there. */
export function signalRefusal(name: string, signal: number, error: unknown): ConnectError {
  switch (systemErrorCode(error)) {
    case "EPERM":
      return permissionDenied(
        `${name} cannot be sent signal ${signal}: it runs as another user than the engine`,
        error,
      );
    case "EINVAL":
      return invalidArgument(`signal ${signal} is none of the engine's machine`);
    default:
      return internal(`${name} could not be sent signal ${signal}`, error);
  }
}
