import { Code, ConnectError } from "@connectrpc/connect";
import { fileLimitReason, nodeErrorCode } from "../errors/node-error-code.js";
import type { Failure } from "../errors/outcome.js";
import { readDelay } from "./delay.js";

// How connect-es words an answer without a proper end. Depending on the protocol it gives these the
// codes Internal, InvalidArgument, DataLoss or Unknown: the code cannot tell a broken stream.
const BROKEN_ANSWER =
  /^protocol error: (missing|incomplete|promised)|missing EndStreamResponse|premature end of|stream closed with error code|socket hang up/i;
// How it words an answer that is whole and that it cannot read. A server may have done what it was
// asked for all the same.
const UNREADABLE_ANSWER =
  /^parse (binary|json): |^message (size \d+ )?is larger than configured readMaxBytes |^unsupported response encoding |^protocol error: received extra |^received compressed envelope, but |^decompression failed/i;
const REFUSED_STREAM = /REFUSED_STREAM/;

const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EMFILE",
  "ENFILE",
  "ENETUNREACH",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
]);
const BROKEN_CONNECTION = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ECONNABORTED"]);

/**
 * Tells what happened from what a foreign transport threw. Its texts are looked at, since there is
 * nothing else; those of connect-node, whose connections are ours, in connect-wire.ts. The order
 * matters, because the codes of broken connections depend on the
 * protocol: first the cause's code, then the wording of a missing end, then the code.
 */
export function foreignFailure(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const kind = kindByCause(thrown) ?? kindByWording(error) ?? kindByCode(error, thrown);
  return foreign(kind, thrown);
}

/**
 * A foreign error as a failure of a kind. It is its cause: an error that is made anew shows the
 * caller's line. But an error of somebody's own class, or of this side, is shown as it is.
 */
export function foreign(kind: Failure["kind"], thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const { code, rawMessage, metadata, details } = error;
  const message = fileLimitReason(nodeErrorCode(thrown)) ?? rawMessage;
  const delay = readDelay(metadata);
  const isOnTheWay = kind === "refused" || kind === "lost" || kind === "unavailable";
  const isConnects = thrown instanceof Error && thrown.constructor === ConnectError;
  if (!isOnTheWay && (kind === "local" || !isConnects)) {
    return { kind, code, message, metadata, delay, thrown };
  }
  const findDetails = error.findDetails.bind(error);
  return { kind, code, message, metadata, details, findDetails, delay, cause: thrown };
}

/**
 * What went wrong on this side, before anything was sent. A token endpoint that is not there may be
 * there again soon.
 */
export function ownFailure(thrown: unknown): Failure {
  const code = thrown instanceof ConnectError ? thrown.code : undefined;
  const passes = code === Code.Unavailable || code === Code.DeadlineExceeded;
  return foreign(passes ? "refused" : "local", thrown);
}

function kindByCause(thrown: unknown): Failure["kind"] | undefined {
  const code = nodeErrorCode(thrown);
  if (code === undefined) {
    return undefined;
  }
  if (NEVER_CONNECTED.has(code)) {
    return "refused";
  }
  return BROKEN_CONNECTION.has(code) || /^(ERR_HTTP2_|HPE_|UND_ERR_)/.test(code)
    ? "lost"
    : undefined;
}

function kindByWording({ rawMessage, cause }: ConnectError): Failure["kind"] | undefined {
  // What a server says has no cause on this side; it may pass on what it was told itself.
  if (cause !== undefined && REFUSED_STREAM.test(rawMessage)) {
    return "refused";
  }
  if (UNREADABLE_ANSWER.test(rawMessage)) {
    return "unreadable";
  }
  return BROKEN_ANSWER.test(rawMessage) ? "lost" : undefined;
}

function kindByCode(error: ConnectError, thrown: unknown): Failure["kind"] {
  switch (error.code) {
    case Code.Unavailable:
      return "unavailable";
    case Code.DeadlineExceeded:
      return "deadline";
    case Code.Canceled:
      // Nobody on this side has cancelled: connect-node words a FIN so, and a TCP reset as Aborted.
      return thrown instanceof ConnectError ? "lost" : "status";
    case Code.Aborted:
      return thrown instanceof ConnectError && error.cause !== undefined ? "lost" : "status";
    default:
      return "status";
  }
}
