import { Code, ConnectError } from "@connectrpc/connect";

/** The request breaks a rule, whatever the engine's state. */
export function invalidArgument(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}

/** The request is good, but not now. */
export function failedPrecondition(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}

/** The resource does not exist, or not for this caller. */
export function notFound(message: string): ConnectError {
  return new ConnectError(message, Code.NotFound);
}

/** The name is taken. */
export function alreadyExists(message: string): ConnectError {
  return new ConnectError(message, Code.AlreadyExists);
}

/** The machine does not allow it. */
export function permissionDenied(message: string, cause: unknown): ConnectError {
  return new ConnectError(message, Code.PermissionDenied, undefined, undefined, cause);
}

/** A limit is reached. */
export function resourceExhausted(message: string, cause?: unknown): ConnectError {
  return new ConnectError(message, Code.ResourceExhausted, undefined, undefined, cause);
}

/** What was kept is no longer there. */
export function dataLoss(message: string, cause: unknown): ConnectError {
  return new ConnectError(message, Code.DataLoss, undefined, undefined, cause);
}

/** The engine itself failed. */
export function internal(message: string, cause: unknown): ConnectError {
  return new ConnectError(message, Code.Internal, undefined, undefined, cause);
}

/** What a thrown thing says, for the message of another error. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a system error such as `ENOENT`; undefined for anything else. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown)) {
    return undefined;
  }
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
