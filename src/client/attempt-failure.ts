import { Code, ConnectError } from "@connectrpc/connect";
import { classify } from "../errors/classify.js";
import type { Failure } from "../errors/failure.js";
import type { CallRecord } from "../transport/call-record.js";
import { connectFailureKind } from "../transport/errors/connect-failure.js";

/**
 * Tells what happened from what an attempt threw.
 *
 * @param record what the transport noted; undefined for a transport of the user's own.
 */
export function failureOf(error: unknown, record: CallRecord | undefined): Failure {
  switch (connectFailureKind(error)) {
    case "refused":
    case "dns":
    case "timeout":
    case "silence":
    case "network":
      return { kind: "refused" };
    case "certificate":
    case "tls":
    case "protocol":
    case "options":
      // These stay until somebody changes something.
      return { kind: "status", code: ConnectError.from(error).code, pushback: undefined };
    case undefined:
      return classify(error, record);
  }
}

/** The call that an attempt belongs to, for messages. */
export interface CallSubject {
  /** The RPC's name, such as `GetProcess`. */
  readonly method: string;
  /** The resource that it is about. */
  readonly resource: string;
}

/** How long an attempt was allowed to take, and took, in milliseconds. */
export interface AttemptClock {
  readonly timeoutMs: number | undefined;
  readonly tookMs: number;
}

/**
 * The error to show for an attempt: one that ran out of time, or failed on the way to the server,
 * names the call. What the server says about the resource stays as it is.
 *
 * @param clock undefined for an attempt that has no limit.
 */
export function attemptError(
  thrown: unknown,
  failure: Failure,
  subject: CallSubject,
  clock?: AttemptClock,
): unknown {
  const { method, resource } = subject;
  const { timeoutMs, tookMs = 0 } = clock ?? {};
  // A server may have a deadline of its own: that is its word.
  const ours = timeoutMs !== undefined && tookMs > timeoutMs * 0.9;
  if (!ours || ConnectError.from(thrown).code !== Code.DeadlineExceeded) {
    return isOnTheWay(failure) ? named(thrown, subject) : thrown;
  }
  const what = failure.kind === "refused" ? "could not be sent" : "was not answered";
  const message = `${method} of ${resource} ${what} within ${timeoutMs} ms`;
  return new ConnectError(message, Code.DeadlineExceeded, undefined, undefined, thrown);
}

function isOnTheWay({ kind }: Failure): boolean {
  switch (kind) {
    case "refused":
    case "lost":
    case "unavailable":
      return true;
    case "deadline":
    case "status":
      return false;
  }
}

function named(thrown: unknown, { method, resource }: CallSubject): unknown {
  const original = ConnectError.from(thrown);
  const { rawMessage, code, metadata, details } = original;
  if (rawMessage.includes(resource)) {
    return thrown;
  }
  const message = `${method} of ${resource}: ${rawMessage}`;
  const error = new ConnectError(message, code, metadata, undefined, thrown);
  error.details = details;
  // Details that came as JSON are found by the original alone.
  Object.defineProperty(error, "findDetails", { value: original.findDetails.bind(original) });
  return error;
}
