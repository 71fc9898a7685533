import { createSecureContext } from "node:tls";

import { optional } from "../../rules/values.js";
import { checkStubOptions, type RulesOf } from "../check-options.js";

/** The certificates of a server that speaks TLS, in PEM. */
export interface StubTls {
  /** The server's certificate, followed by those of intermediate authorities. */
  readonly cert: string | Buffer;
  /** The private key of `cert`. */
  readonly key: string | Buffer;
  /**
   * The authorities of client certificates. With it, a client has to present a certificate that one
   * of them signed; the handshake fails otherwise.
   *
   * @default undefined clients need no certificate
   */
  readonly ca?: string | Buffer;
}

/**
 * Refuses what no TLS server can be made of. Node starts one without a certificate, and then fails
 * every handshake.
 *
 * @throws TypeError that names the option; of a PEM that cannot be read, with Node's error as the
 * cause.
 *
 * @internal
 */
export function requireTls(name: string, tls: unknown): void {
  checkStubOptions<StubTls>("startStubServer", tls, TLS_RULES, name);
  const { cert, key, ca } = tls;
  try {
    createSecureContext({ cert, key, ...(ca !== undefined && { ca }) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new TypeError(`tls: cert, key and ca must be PEM that go together: ${reason}`, { cause });
  }
}

const TLS_RULES: RulesOf<StubTls> = { cert: requirePem, key: requirePem, ca: optional(requirePem) };

// Not shown: a key is secret.
function requirePem(name: string, pem: unknown): void {
  if ((typeof pem !== "string" && !Buffer.isBuffer(pem)) || pem.length === 0) {
    throw new TypeError(`${name}: must be PEM, as a string or a Buffer`);
  }
}
