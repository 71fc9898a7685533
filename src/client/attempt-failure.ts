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

/** The error to show for an attempt: one that ran out of time names the call. */
export function attemptError(
  thrown: unknown,
  failure: Failure,
  { method, resource }: { readonly method: string; readonly resource: string },
  { timeoutMs, tookMs }: { readonly timeoutMs: number | undefined; readonly tookMs: number },
): unknown {
  // A server may have a deadline of its own: that is its word.
  const ours = timeoutMs !== undefined && tookMs > timeoutMs * 0.9;
  if (!ours || ConnectError.from(thrown).code !== Code.DeadlineExceeded) {
    return thrown;
  }
  const what = failure.kind === "refused" ? "could not be sent" : "was not answered";
  const message = `${method} of ${resource} ${what} within ${timeoutMs} ms`;
  return new ConnectError(message, Code.DeadlineExceeded, undefined, undefined, thrown);
}
