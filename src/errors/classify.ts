import { Code, ConnectError } from "@connectrpc/connect";
import type { CallEvidence, Failure } from "./failure.js";
import { nodeErrorCode } from "./node-error-code.js";
import { readPushback } from "./pushback.js";

// How connect-es words an answer without a proper end. Depending on the protocol it gives these the
// codes Internal, InvalidArgument, DataLoss or Unknown: the code cannot tell a broken stream.
const BROKEN_ANSWER =
  /^protocol error: (missing|incomplete|promised)|missing EndStreamResponse|premature end of|stream closed with error code|socket hang up/i;
const REFUSED_STREAM = /REFUSED_STREAM/;

const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
]);
const BROKEN_CONNECTION = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ECONNABORTED"]);

/**
 * Tells what happened from what was thrown. The caller's own abort, and the deadline of the whole
 * call, are told by its signal, before this is asked.
 *
 * The order matters, since the codes of broken connections depend on the protocol: first what the
 * network says, then the cause's code, then the wording of a missing end, then the code.
 *
 * @param evidence what the transport knows; without it (a transport of the user's own) the error
 *   alone decides.
 */
export function classify(error: unknown, evidence?: CallEvidence): Failure {
  const thrown = ConnectError.from(error);
  const known = evidence && fromEvidence(thrown, evidence);
  if (known) {
    return known;
  }
  const told = fromCause(error) ?? fromWording(thrown) ?? fromCode(thrown, error);
  // Only the transport can prove that nothing saw a request that it has sent.
  return evidence && told.kind === "refused" ? { kind: "lost" } : told;
}

function fromEvidence(error: ConnectError, evidence: CallEvidence): Failure | undefined {
  const { sent, neverProcessed, rstCode, grpcStatus } = evidence;
  if (!sent) {
    // Not sent for a reason of this side (a token, a file, an interceptor), unless it is the network
    // or the time was over before there was a connection.
    const passes = error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
    return passes ? { kind: "refused" } : status(error);
  }
  if (neverProcessed) {
    return { kind: "refused" };
  }
  if (grpcStatus) {
    return fromStatus(error);
  }
  return rstCode === undefined ? undefined : { kind: "lost" };
}

function fromCause(error: unknown): Failure | undefined {
  const code = nodeErrorCode(error);
  if (code === undefined) {
    return undefined;
  }
  if (NEVER_CONNECTED.has(code)) {
    return { kind: "refused" };
  }
  if (BROKEN_CONNECTION.has(code) || /^(ERR_HTTP2_|HPE_|UND_ERR_)/.test(code)) {
    return { kind: "lost" };
  }
  return undefined;
}

function fromWording({ rawMessage, cause }: ConnectError): Failure | undefined {
  // What a server says has no cause on this side; it may pass on what it was told itself.
  if (cause !== undefined && REFUSED_STREAM.test(rawMessage)) {
    return { kind: "refused" };
  }
  return BROKEN_ANSWER.test(rawMessage) ? { kind: "lost" } : undefined;
}

function fromCode(error: ConnectError, thrown: unknown): Failure {
  // Nobody on this side has cancelled: connect-node words a FIN as Canceled, a TCP reset as Aborted.
  const broken = error.code === Code.Canceled || (error.code === Code.Aborted && error.cause);
  return broken && thrown instanceof ConnectError ? { kind: "lost" } : fromStatus(error);
}

function fromStatus(error: ConnectError): Failure {
  switch (error.code) {
    case Code.Unavailable:
      return { kind: "unavailable", pushback: readPushback(error.metadata) };
    case Code.DeadlineExceeded:
      return { kind: "deadline" };
    default:
      return status(error);
  }
}

function status(error: ConnectError): Failure {
  return { kind: "status", code: error.code, pushback: readPushback(error.metadata) };
}
