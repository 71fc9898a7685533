import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { type ClientTransport, clientTransport } from "./client-transport.js";
import { clientClosed } from "./errors/connection-lost.js";
import { CLIENT_CLOSED } from "./failures.js";
import { createHttp1Connections } from "./http1/http1-connections.js";
import { SessionPool } from "./http2/pool.js";
import { createSessionManager } from "./session-pool/session-manager.js";
import type { TransportSettings } from "./transport-settings.js";

/** gRPC over HTTP/2. */
export function grpcTransport(settings: TransportSettings): ClientTransport {
  const { address } = settings;
  const pool = sessionPool(settings);
  const sessionManager = createSessionManager(address.origin, pool);
  const transport = createGrpcTransport({ ...common(settings, "grpc"), sessionManager });
  return clientTransport(address.origin, transport, () => pool.close(CLIENT_CLOSED));
}

/** Connect over HTTP/2. */
export function connectTransport(settings: TransportSettings): ClientTransport {
  const { address } = settings;
  const pool = sessionPool(settings);
  const sessionManager = createSessionManager(address.origin, pool);
  const options = { ...common(settings, "connect"), httpVersion: "2", sessionManager } as const;
  const transport = createConnectTransport(options);
  return clientTransport(address.origin, transport, () => pool.close(CLIENT_CLOSED));
}

/** Connect over HTTP/1.1. */
export function connectHttp1Transport(settings: TransportSettings): ClientTransport {
  const connections = createHttp1Connections(settings.dial);
  const nodeOptions = { agent: connections.agent };
  const options = { ...common(settings, "connect"), httpVersion: "1.1", nodeOptions } as const;
  const transport = createConnectTransport(options);
  const close = () => connections.close(clientClosed());
  return clientTransport(settings.address.origin, transport, close);
}

function sessionPool(settings: TransportSettings): SessionPool {
  const { dial, streamWindowBytes, maxConnections } = settings;
  return new SessionPool({ ...dial, streamWindowBytes, maxConnections });
}

function common(settings: TransportSettings, protocol: "grpc" | "connect") {
  return {
    baseUrl: settings.address.baseUrl,
    readMaxBytes: settings.readMaxBytes,
    // Compressing output costs far more than it saves on any but the slowest networks.
    acceptCompression: [],
    interceptors: settings.interceptors(protocol),
  };
}
