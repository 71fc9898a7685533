import type { Interceptor } from "@connectrpc/connect";

/** What a token provider is told. */
export interface TokenRequest {
  /**
   * The token that the server has just refused as UNAUTHENTICATED. A provider that keeps tokens
   * must not give this one again.
   */
  readonly rejectedToken?: string | undefined;
  /** Aborts when the call that needs the token ends. */
  readonly signal: AbortSignal;
}

/**
 * Where bearer tokens come from: a fixed token, or a function that is asked before each request.
 * A token is sent as it is, in the `authorization` header.
 */
export type TokenProvider = string | ((request: TokenRequest) => string | Promise<string>);

/**
 * What the server's contract is known from: this package, the server itself (gRPC server reflection),
 * or the bytes of a `google.protobuf.FileDescriptorSet`.
 *
 * @inline
 */
export type ContractOption = "built-in" | "reflection" | Uint8Array;

/** The server and the right to use it. */
export interface ConnectionConfig {
  /**
   * The address of AIEM, `https://host` or `http://host:port`. A path is put before the path of
   * every request. User information, a query or a fragment are refused.
   */
  readonly aiemUrl: string;
  /**
   * Gives the bearer token of each request. It goes over TLS or to this machine only, unless
   * `allowPlaintextToken` is set.
   * @default no `authorization` header
   */
  readonly tokenProvider?: TokenProvider | undefined;
  /**
   * By which field and enum numbers, and in which package, the server speaks the contract over gRPC and
   * Connect; AIEM's are not published. REST has no numbers. "built-in" vouches for those of this
   * package; bytes are a `google.protobuf.FileDescriptorSet` of the server's own proto files;
   * "reflection" asks the server over gRPC, and fails if it does not tell. Without, it is asked as
   * well; if it does not tell, "auto" speaks REST if it can, and else every answer is checked.
   * @default the server is asked
   */
  readonly contract?: ContractOption | undefined;
}

/** How to reach the server. */
export interface TransportOptions {
  /**
   * The protocol spoken: gRPC over HTTP/2, the Connect protocol, REST (JSON over HTTP/1.1, as
   * AIEM's public address offers it), or "auto": gRPC, and REST once an answer of the server
   * proves that this is spoken there instead.
   * @default "auto"
   */
  readonly protocol?: "auto" | "grpc" | "connect" | "rest" | undefined;
  /**
   * The HTTP version for the Connect protocol. With "1.1", which REST always uses, every open call
   * holds a connection of its own. gRPC is always HTTP/2.
   * @default "2"
   */
  readonly httpVersion?: "1.1" | "2" | undefined;
  /**
   * Whether the server's certificate must be valid. Without, anyone on the way can read and change
   * everything, tokens included: for tests only.
   * @default true
   */
  readonly verifySsl?: boolean | undefined;
  /**
   * Path of a PEM file with the certificate authorities to trust, read at each new connection.
   * @default the authorities that Node.js trusts
   */
  readonly sslCaCert?: string | undefined;
  /**
   * Path of a PEM file with the client's certificate and the chain that follows it, read at each
   * new connection.
   * @default no client certificate
   */
  readonly sslClientCert?: string | undefined;
  /**
   * Path of a PEM file with the private key of `sslClientCert`, not encrypted.
   * @default the key is in the file of `sslClientCert`
   */
  readonly sslClientKey?: string | undefined;
  /**
   * How long a connection may take, in milliseconds, until it can carry requests: name resolution,
   * TCP, TLS, and the server's HTTP/2 settings. A whole number, at most 2_147_483_647.
   * @default 10_000
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How many bytes of one answer may be under way while nobody reads, in bytes: the HTTP/2 window
   * of a stream. More makes a distant server faster, and each follower hold more memory.
   * @default 1_048_576
   */
  readonly streamWindowBytes?: number | undefined;
  /**
   * The most HTTP/2 connections that take calls. They are opened as calls need them; one that the
   * server is closing, or that calls avoid, does not count. A call that finds no room on them within
   * `connectTimeoutMs` fails as ResourceExhausted. The default is enough for 10,000 followers where
   * the server allows 100 streams on each.
   * @default 128
   */
  readonly maxConnections?: number | undefined;
  /**
   * The largest message that is accepted from the server, in bytes. A larger one fails as
   * ResourceExhausted.
   * @default 67_108_864
   */
  readonly readMaxBytes?: number | undefined;
  /**
   * Whether a token may be sent unencrypted to another machine, where anyone on the way can read
   * it.
   * @default false
   */
  readonly allowPlaintextToken?: boolean | undefined;
  /**
   * Interceptors of Connect, the first one outermost. They see each attempt of a call before the
   * token is added; an `authorization` header that they set wins.
   * @default none
   */
  readonly interceptors?: readonly Interceptor[] | undefined;
}
