import { Code, ConnectError } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import type { ServerAddress } from "../aiem-url.js";
import type { ConnectFailureKind, ConnectFailureReason } from "./connect-failure-reason.js";
import { tlsFailure } from "./tls-failure.js";

const kinds = new WeakMap<Error, ConnectFailureKind>();

/** The kind of an error that `connectFailure` made; undefined for any other. */
export function connectFailureKind(error: unknown): ConnectFailureKind | undefined {
  return error instanceof Error ? kinds.get(error) : undefined;
}

/**
 * Makes the error of a connection that could not be made: Unavailable, with the address and what to
 * do. A ConnectError is kept as it is, such as that of a file that cannot be read.
 */
export function connectFailure(cause: unknown, address: ServerAddress): ConnectError {
  if (cause instanceof ConnectError) {
    if (!kinds.has(cause)) {
      kinds.set(cause, "options");
    }
    return cause;
  }
  return connectFailureFor(reason(cause, address), address, cause);
}

/** The error for what was thrown while a connection was made; anything else is kept as it is. */
export function errorOfThrown(thrown: unknown): unknown {
  return thrown instanceof FailureThrown ? errorOfFailure(thrown.failure) : thrown;
}

/** The error for a failure on the way to the server. */
export function errorOfFailure({ kind, code, message, cause, noGrpc }: Failure): ConnectError {
  const error = new ConnectError(message, code, undefined, undefined, cause);
  if (kind === "refused") {
    kinds.set(error, noGrpc === undefined ? "refused" : "silence");
  } else if (kind === "local" && code === Code.Unavailable) {
    kinds.set(error, noGrpc === undefined ? "certificate" : "protocol");
  } else if (kind === "local" && code !== Code.Canceled) {
    kinds.set(error, "options");
  }
  return error;
}

/** The same, for a reason that is known. */
export function connectFailureFor(
  { kind, text }: ConnectFailureReason,
  address: ServerAddress,
  cause?: unknown,
): ConnectError {
  const message = `cannot connect to ${address.origin}: ${text}`;
  const error = new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
  kinds.set(error, kind);
  return error;
}

function reason(cause: unknown, address: ServerAddress): ConnectFailureReason {
  const code = nodeErrorCode(cause);
  switch (code) {
    case "ECONNREFUSED":
      return {
        kind: "refused",
        text: "connection refused; check the address, and that a server listens there",
      };
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
    case "EAI_NODATA":
    case "EAI_NONAME":
      return {
        kind: "dns",
        text: `no address found for ${address.host} (${code}); check the name`,
      };
    case "ETIMEDOUT":
      return { kind: "timeout", text: "no answer (ETIMEDOUT); check the address and firewalls" };
    default:
      return (
        tlsFailure(code, cause) ??
        protocolFailure(code, address) ?? {
          kind: "network",
          text: `${cause instanceof Error ? cause.message : String(cause)}${tlsHint(address)}`,
        }
      );
  }
}

function protocolFailure(
  code: string | undefined,
  address: ServerAddress,
): ConnectFailureReason | undefined {
  if (code?.startsWith("ERR_HTTP2_") || code?.startsWith("HPE_")) {
    const text = `the server does not speak the expected HTTP version there${tlsHint(address)}; if it has HTTP/1.1 only, use protocol: "rest", or "connect" with httpVersion: "1.1"`;
    return { kind: "protocol", text };
  }
  return undefined;
}

function tlsHint(address: ServerAddress): string {
  return address.secure ? "" : "; if it expects TLS, use https://";
}
