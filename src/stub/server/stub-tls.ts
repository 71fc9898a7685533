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
