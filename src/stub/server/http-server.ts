import { once } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { LOOPBACK } from "./host.js";
import { createHttp1Server } from "./http1-server.js";
import { createHttp2Server } from "./http2-server.js";
import { createListener } from "./listener.js";
import { createRequestListener, type NodeHandler } from "./node-handler.js";
import type { StubTls } from "./stub-tls.js";

/** What a server is made of. */
export interface HttpServerOptions {
  /** Who serves requests: the first that takes one. */
  readonly handlers: readonly NodeHandler[];
  /** The interface to listen on, as an address or a name. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** @default undefined cleartext */
  readonly tls?: StubTls | undefined;
  /** How many calls may run on one HTTP/2 connection at a time. @default 100 */
  readonly maxConcurrentStreams?: number | undefined;
  /** Told about every connection that is accepted; of TLS, first TCP's socket, then that on top. */
  readonly onConnection?: ((socket: Socket) => void) | undefined;
  /** How long a connection may take to tell its protocol, in milliseconds. @default 10_000 */
  readonly detectionTimeoutMs?: number | undefined;
  /** How long a request may take to come, its body included, in milliseconds. @default 60_000 */
  readonly requestTimeoutMs?: number | undefined;
  /** How long calls may go on while the server stops, in milliseconds. @default 20 */
  readonly stopGraceMs?: number | undefined;
}

/** A server that listens. */
export interface HttpServer {
  /** The port. */
  readonly port: number;
  /** Ends the listener and all connections. Resolves when none is left. */
  stop(): Promise<void>;
  /**
   * The same, but for the connection that comes from this port: who has still to answer on it ends it
   * then.
   */
  stopAllBut(remotePort: number | undefined): Promise<void>;
}

/**
 * Serves HTTP/2 and HTTP/1.1 on one port. Port 0 is one that is free.
 *
 * @throws Error where the port cannot be listened to (EADDRINUSE, EACCES).
 */
export async function startHttpServer(
  port: number,
  {
    handlers,
    host = LOOPBACK,
    tls,
    maxConcurrentStreams = 100,
    onConnection,
    detectionTimeoutMs = 10_000,
    stopGraceMs = 20,
    requestTimeoutMs = 60_000,
  }: HttpServerOptions,
): Promise<HttpServer> {
  const connections = new Connections();
  const onRequest = createRequestListener(handlers);
  const http1 = createHttp1Server(onRequest, requestTimeoutMs);
  const http2 = createHttp2Server({
    maxConcurrentStreams,
    requestTimeoutMs,
    onRequest,
    onSession: (session) => connections.addSession(session),
  });
  const listener = createListener({
    acceptors: {
      http1: (socket) => http1.emit("connection", socket),
      http2: (socket) => http2.emit("connection", socket),
    },
    detectionTimeoutMs,
    onConnection: (socket) => {
      connections.add(socket);
      onConnection?.(socket);
    },
    tls,
  });
  let boundPort: number;
  try {
    // Not listen(port, host), which makes a Unix socket of a text.
    listener.listen({ port, host });
    await once(listener, "listening");
    boundPort = addressOf(listener.address()).port;
  } catch (error) {
    listener.close();
    http1.close();
    throw error;
  }
  // Fails to accept (no file descriptor left) are told here; the listener itself goes on.
  listener.on("error", () => {});
  let stopped: Promise<void> | undefined;

  async function end(spared: number | undefined): Promise<void> {
    const listenerClosed = new Promise<void>((resolve) => listener.close(() => resolve()));
    http1.close();
    await connections.close(stopGraceMs, spared);
    if (spared === undefined) {
      await listenerClosed;
    }
  }

  function stopAllBut(remotePort: number | undefined): Promise<void> {
    stopped ??= end(remotePort);
    return stopped;
  }

  return { port: boundPort, stop: () => stopAllBut(undefined), stopAllBut };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (typeof address !== "object" || address === null) {
    throw new Error("a listener on a TCP port has another address");
  }
  return address;
}

/** All connections of a server, and the HTTP/2 sessions on them. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #spared: number | undefined;
  #onEmpty: (() => void) | undefined;

  /** Holds a connection until it closes. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", ignore);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#isEmpty()) {
        this.#onEmpty?.();
      }
    });
  }

  /** Holds an HTTP/2 session until it closes. */
  addSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
  }

  /**
   * Tells all sessions to end, and destroys the connections that are left after the grace. Resolves
   * when none is left but that from the port `spared`.
   */
  async close(graceMs: number, spared?: number): Promise<void> {
    this.#spared = spared;
    for (const session of this.#sessions) {
      session.close();
    }
    if (this.#isEmpty()) {
      return;
    }
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) {
        if (!this.#isSpared(socket)) {
          socket.destroy();
        }
      }
    }, graceMs);
    await empty;
    clearTimeout(timer);
  }

  #isEmpty(): boolean {
    for (const socket of this.#sockets) {
      if (!this.#isSpared(socket)) {
        return false;
      }
    }
    return true;
  }

  #isSpared({ remotePort }: Socket): boolean {
    return this.#spared !== undefined && remotePort === this.#spared;
  }
}

function ignore(): void {}
