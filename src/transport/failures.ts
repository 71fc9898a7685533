import { Code, ConnectError } from "@connectrpc/connect";
import { fileLimitReason, nodeErrorCode } from "../errors/node-error-code.js";
import {
  type Failure,
  type FailureKind,
  FailureThrown,
  type ProtocolSign,
} from "../errors/outcome.js";
import type { ServerAddress } from "./aiem-url.js";
import { readDelay } from "./delay.js";

/** Why no connection could be made. */
export interface ConnectFailureReason {
  /** What happened and what to do, to follow 'cannot connect to <address>: '. */
  readonly text: string;
  /**
   * Whether it stays until somebody changes something: a certificate, an option, the protocol.
   * @default false, it may pass
   */
  readonly lasting?: boolean | undefined;
  /** What it tells about the protocol of the connection. */
  readonly protocol?: ProtocolSign | undefined;
}

/** The failure of a connection that could not be made. */
export function cannotConnect(
  { text, lasting = false, protocol }: ConnectFailureReason,
  address: ServerAddress,
  cause?: unknown,
): Failure {
  const message = `cannot connect to ${address.origin}: ${text}`;
  return {
    kind: lasting ? "local" : "refused",
    code: Code.Unavailable,
    message,
    cause,
    protocol,
  };
}

/** The same, from what was thrown while it was made; a failure that was thrown is kept as it is. */
export function connectFailure(cause: unknown, address: ServerAddress): Failure {
  return cause instanceof FailureThrown
    ? cause.failure
    : cannotConnect(reasonOf(cause, address), address, cause);
}

/** The failure of a call whose connection ended under it. */
export function connectionLost(origin: string, how: string, cause?: unknown): Failure {
  const message = `connection lost: ${origin} ${how}`;
  return { kind: "lost", code: Code.Unavailable, message, cause };
}

/** The failure of an answer that is an error, whoever said so. */
export function answeredWith(code: Code, message: string, metadata: Headers): Failure {
  return { kind: kindOf(code), code, message, metadata, delay: readDelay(metadata) };
}

function kindOf(code: Code): FailureKind {
  switch (code) {
    case Code.Unavailable:
      return "unavailable";
    case Code.DeadlineExceeded:
      return "deadline";
    default:
      return "status";
  }
}

/** The failure of a call when its client is closed. */
export const CLIENT_CLOSED: Failure = {
  kind: "local",
  code: Code.Canceled,
  message: "the client was closed",
};

/** Follows the message of a failure that a server of TLS may be the reason of. */
export function tlsHint(address: ServerAddress): string {
  return address.secure ? "" : "; if it expects TLS, use https://";
}

/** The server offers no protocol that is needed. */
export function noCommonProtocol(alpn: "h2" | "http/1.1"): ConnectFailureReason {
  return alpn === "h2"
    ? {
        text: 'the server does not offer HTTP/2 (ALPN), which is needed; for AIEM\'s public REST surface use protocol: "rest", for Connect over HTTP/1.1 httpVersion: "1.1"',
        lasting: true,
        protocol: "excluded",
      }
    : {
        text: 'the server does not offer HTTP/1.1 (ALPN), which is needed; if it speaks gRPC, use protocol: "grpc"',
        lasting: true,
        protocol: "excluded",
      };
}

function reasonOf(cause: unknown, address: ServerAddress): ConnectFailureReason {
  const code = nodeErrorCode(cause);
  switch (code) {
    case "ECONNREFUSED":
      return { text: "connection refused; check the address, and that a server listens there" };
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
    case "EAI_NODATA":
    case "EAI_NONAME":
      return { text: `no address found for ${address.lookupHost} (${code}); check the name` };
    case "ETIMEDOUT":
      return { text: "no answer (ETIMEDOUT); check the address and firewalls" };
    default: {
      const fileLimit = fileLimitReason(code);
      if (fileLimit !== undefined) {
        return { text: fileLimit };
      }
      const text = cause instanceof Error ? cause.message : String(cause);
      return (
        tlsReason(code, cause) ??
        protocolReason(code, address) ?? { text: `${text}${tlsHint(address)}` }
      );
    }
  }
}

function protocolReason(
  code: string | undefined,
  address: ServerAddress,
): ConnectFailureReason | undefined {
  if (code?.startsWith("ERR_HTTP2_") || code?.startsWith("HPE_")) {
    const text = `the server does not speak the expected HTTP version there${tlsHint(address)}; if it has HTTP/1.1 only, use protocol: "rest", or "connect" with httpVersion: "1.1"`;
    return { text, lasting: true, protocol: "foreign" };
  }
  return undefined;
}

// Names of OpenSSL's verification results (X509_V_ERR_…) as Node.js gives them.
const UNTRUSTED = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * What a failure of TLS means, from the code of Node.js's error; undefined if it is none.
 *
 * @param setting what holds the address, and may be wrong.
 */
export function tlsReason(
  code: string | undefined,
  cause: unknown,
  setting = "aiemUrl",
): (ConnectFailureReason & { readonly ofCertificate: boolean }) | undefined {
  if (code === undefined) {
    return undefined;
  }
  if (UNTRUSTED.has(code)) {
    return certificate(
      `its certificate is not signed by a trusted authority (${code}); give the authority's certificate as sslCaCert, or for a test set verifySsl: false`,
    );
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return certificate("its certificate, or one it depends on, has expired; it must be renewed");
    case "CERT_NOT_YET_VALID":
      return certificate("its certificate is not valid yet; check the clocks of both machines");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return certificate(
        `its certificate is for another name: ${altNames(cause)}; check ${setting}`,
      );
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "ERR_SSL_HTTP_REQUEST":
      return {
        text: "the server does not speak TLS there; use http:// for a server without TLS",
        lasting: true,
        ofCertificate: false,
      };
    default:
      return code.startsWith("ERR_SSL_") || code === "EPROTO" ? handshake(code) : undefined;
  }
}

function certificate(text: string) {
  return { text, lasting: true, ofCertificate: true };
}

function handshake(code: string) {
  // These alerts are how a server refuses the client's certificate, or the lack of one.
  const refused = /CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED/.test(code);
  const text = refused
    ? `the server refused the TLS handshake (${code}); it may ask for a client certificate: see sslClientCert and sslClientKey`
    : `the TLS handshake failed (${code})`;
  return { text, lasting: true, ofCertificate: refused };
}

function altNames(cause: unknown): string {
  return cause instanceof Error && "cert" in cause && isNamed(cause.cert)
    ? cause.cert.subjectaltname
    : "none that matches";
}

function isNamed(cert: unknown): cert is { subjectaltname: string } {
  return (
    typeof cert === "object" &&
    cert !== null &&
    "subjectaltname" in cert &&
    typeof cert.subjectaltname === "string"
  );
}

/** What is told of a connection that could not be opened, besides the calls that it fails. */
export function connectionError({ message, code, cause }: Failure): ConnectError {
  return new ConnectError(message, code, undefined, undefined, cause);
}
