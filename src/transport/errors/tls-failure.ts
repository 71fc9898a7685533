import type { ConnectFailureReason } from "./connect-failure-reason.js";

// Names of OpenSSL's verification results (X509_V_ERR_…) as Node.js gives them.
const UNTRUSTED = new Set([
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

/** What a failure of TLS means, from the code of Node.js's error; undefined if it is none. */
export function tlsFailure(
  code: string | undefined,
  cause: unknown,
): ConnectFailureReason | undefined {
  if (code === undefined) {
    return undefined;
  }
  if (UNTRUSTED.has(code)) {
    const text = `its certificate is not signed by a trusted authority (${code}); give the authority's certificate as sslCaCert, or for a test set verifySsl: false`;
    return { kind: "certificate", text };
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return certificate("its certificate, or one it depends on, has expired; it must be renewed");
    case "CERT_NOT_YET_VALID":
      return certificate("its certificate is not valid yet; check the clocks of both machines");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return certificate(`its certificate is for another name: ${altNames(cause)}; check aiemUrl`);
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "ERR_SSL_HTTP_REQUEST":
      return {
        kind: "tls",
        text: "the server does not speak TLS there; use http:// for such a one",
      };
    default:
      return code.startsWith("ERR_SSL_") || code === "EPROTO" ? handshake(code) : undefined;
  }
}

/** The server speaks TLS, but not the HTTP version that is needed. */
export function noCommonProtocol(alpn: "h2" | "http/1.1"): ConnectFailureReason {
  const text =
    alpn === "h2"
      ? 'the server does not offer HTTP/2 (ALPN), which is needed; for AIEM\'s public REST surface use protocol: "rest", for Connect over HTTP/1.1 httpVersion: "1.1"'
      : 'the server does not offer HTTP/1.1 (ALPN), which is needed; if it speaks gRPC, use protocol: "grpc"';
  return { kind: "protocol", text };
}

function certificate(text: string): ConnectFailureReason {
  return { kind: "certificate", text };
}

function handshake(code: string): ConnectFailureReason {
  // These alerts are how a server refuses the client's certificate, or the lack of one.
  const refused = /CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED/.test(code);
  const text = refused
    ? `the server refused the TLS handshake (${code}); it may ask for a client certificate: see sslClientCert and sslClientKey`
    : `the TLS handshake failed (${code})`;
  return { kind: refused ? "certificate" : "tls", text };
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
