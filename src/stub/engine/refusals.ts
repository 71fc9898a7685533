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

/** What a caller is told of what was thrown: of what broke inside, no more than that. */
export function shownError(reason: unknown): ConnectError {
  return reason instanceof ConnectError ? reason : internal("internal error", reason);
}

/** A message travels in a header, of which some peers take 8 KiB in all. */
const MAX_SHOWN = 200;

/** A value of the caller's in quotes, for a message: the beginning of a long one. */
export function shown(value: string): string {
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

/** What a thrown thing says, for the message of another error. */
export function reasonOf(thrown: unknown): string {
  return hasText(thrown, "message") ? thrown.message : String(thrown);
}

/** The code of a system error such as `ENOENT`; undefined for anything else. */
export function systemErrorCode(thrown: unknown): string | undefined {
  return hasText(thrown, "code") ? thrown.code : undefined;
}

// Not instanceof: test runners (Jest, vitest's vmThreads) run modules in a context with an Error of its
// own, which those of Node.js are no instances of.
function hasText<K extends string>(thrown: unknown, key: K): thrown is Record<K, string> {
  return (
    typeof thrown === "object" && thrown !== null && typeof Reflect.get(thrown, key) === "string"
  );
}
