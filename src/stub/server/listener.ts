import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";

import { detectHttpVersion, type HttpAcceptors } from "./detect-http-version.js";
import type { StubTls } from "./stub-tls.js";

/** What a listener is made of. */
export interface ListenerOptions {
  /** Who serves a connection. */
  readonly acceptors: HttpAcceptors;
  /** Told about every new connection, before anything else. */
  readonly onConnection: (socket: Socket) => void;
  /** How long a connection may take to tell its protocol, in milliseconds. */
  readonly detectionTimeoutMs: number;
  /** With it, connections speak TLS, and ALPN tells their protocol; else the first bytes do. */
  readonly tls: StubTls | undefined;
}

/** A server that accepts connections, tells their protocol, and hands them on. */
export function createListener(options: ListenerOptions): Server {
  const server = options.tls === undefined ? cleartext(options) : encrypted(options, options.tls);
  // Before any other listener: whatever becomes of a connection, it has to be known.
  return server.prependListener("connection", options.onConnection);
}

function cleartext({ acceptors, detectionTimeoutMs }: ListenerOptions): Server {
  return createTcpServer({ noDelay: true }, (socket) =>
    detectHttpVersion(socket, acceptors, detectionTimeoutMs),
  );
}

function encrypted(
  { acceptors, detectionTimeoutMs, onConnection }: ListenerOptions,
  tls: StubTls,
): Server {
  const server = createTlsServer({
    ALPNProtocols: ["h2", "http/1.1"],
    cert: tls.cert,
    handshakeTimeout: detectionTimeoutMs,
    key: tls.key,
    noDelay: true,
    ...(tls.ca !== undefined && { ca: tls.ca, rejectUnauthorized: true, requestCert: true }),
  });
  // Node leaves a connection open whose handshake failed or took too long.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("secureConnection", (socket: TLSSocket) => {
    onConnection(socket);
    if (socket.alpnProtocol === "h2") {
      acceptors.http2(socket);
    } else {
      // A client without ALPN speaks HTTP/1.1.
      acceptors.http1(socket);
    }
  });
  return server;
}
