import type { Interceptor, Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { parseAiemUrl } from "./aiem-url.js";
import { attempts } from "./attempt.js";
import type { CallRecord } from "./call-record.js";
import type { ConnectionConfig, TransportOptions } from "./connection-config.js";
import { clientClosed, connectionLost } from "./errors/connection-lost.js";
import { createHttp1Connections } from "./http1/http1-connections.js";
import { createSessionManager } from "./session-pool/session-manager.js";
import { SessionPool } from "./session-pool/session-pool.js";
import { bearerToken } from "./token/bearer-token.js";
import { plaintextGuard } from "./token/plaintext-guard.js";
import { userAgent } from "./user-agent.js";

/** A Connect transport, and what it knows about its connections. */
export interface ClientTransport {
  readonly transport: Transport;
  /** The server's scheme, host and port, for messages. */
  readonly origin: string;
  /**
   * Puts no further call on the connection that carried a call, because that was not answered:
   * calls under way go on, and later ones use another connection.
   */
  avoid(record: CallRecord): void;
  /**
   * Gives up the connection that carried a call, because the server is silent on it: every call on
   * it ends as Unavailable, and later ones use another connection.
   *
   * @returns whether there was one.
   */
  markDead(record: CallRecord): boolean;
  /** Closes every connection. Calls under way and later ones end as 'the client was closed'. */
  close(): void;
}

const CONNECT_TIMEOUT_MS = 10_000;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const READ_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Makes the transport of a client. Nothing is read or connected before the first call.
 *
 * @throws TypeError for an address that `checkAiemUrl` refuses.
 */
export function createTransport(
  config: ConnectionConfig,
  options: TransportOptions = {},
): ClientTransport {
  const address = parseAiemUrl(config.aiemUrl);
  const { protocol = "grpc" } = options;
  const common = {
    baseUrl: address.baseUrl,
    readMaxBytes: options.readMaxBytes ?? READ_MAX_BYTES,
    // Compressing output costs far more than it saves on any but the slowest networks.
    acceptCompression: [],
    interceptors: interceptors(config, options),
  };
  const dialOptions = {
    address,
    verifySsl: options.verifySsl ?? true,
    sslCaCert: options.sslCaCert,
    sslClientCert: options.sslClientCert,
    sslClientKey: options.sslClientKey,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
  };
  const hooks = {
    origin: address.origin,
    avoid: ({ connection }: CallRecord) => connection?.avoid(),
    markDead: ({ connection }: CallRecord) => {
      connection?.destroy(connectionLost(address.origin, "did not answer any more"));
      return connection !== undefined;
    },
  };
  if (protocol === "connect" && options.httpVersion === "1.1") {
    const connections = createHttp1Connections(dialOptions);
    const nodeOptions = { agent: connections.agent };
    const transport = createConnectTransport({ ...common, httpVersion: "1.1", nodeOptions });
    return { ...hooks, transport, close: () => connections.close(clientClosed()) };
  }
  const streamWindowBytes = options.streamWindowBytes ?? STREAM_WINDOW_BYTES;
  const pool = new SessionPool({ ...dialOptions, streamWindowBytes });
  const sessionManager = createSessionManager(address.origin, pool);
  const transport =
    protocol === "grpc"
      ? createGrpcTransport({ ...common, sessionManager })
      : createConnectTransport({ ...common, httpVersion: "2", sessionManager });
  return { ...hooks, transport, close: () => pool.close(clientClosed()) };
}

// The first one is outermost. The user's come first, so that a header of theirs wins; the guard
// sees the token of whoever added it.
function interceptors(config: ConnectionConfig, options: TransportOptions): Interceptor[] {
  const { tokenProvider } = config;
  const address = parseAiemUrl(config.aiemUrl);
  const guarded = options.allowPlaintextToken !== true;
  return [
    ...(options.interceptors ?? []),
    userAgent,
    ...(guarded ? [plaintextGuard(address, tokenProvider !== undefined)] : []),
    ...(tokenProvider !== undefined ? [bearerToken(tokenProvider)] : []),
    attempts({ address, protocol: options.protocol ?? "grpc" }),
  ];
}
