import { createStub } from "./create-stub.js";
import { createGatewayHandler } from "./gateway/create-gateway-handler.js";
import { RestartableServer } from "./server/restartable-server.js";
import { createRpcHandler } from "./server/rpc-handler.js";
import type { StubTls } from "./server/stub-tls.js";
import { createVersionHandler, readPackageVersion } from "./server/version-handler.js";
import type { StubOptions } from "./stub-options.js";
import type { StubServer } from "./stub-server.js";

/** How to start an embedded engine server. */
export interface StubServerOptions extends StubOptions {
  /**
   * The port of the loopback interface to listen on; 0 is one that is free.
   *
   * @default 0
   */
  readonly port?: number;
  /**
   * Certificates, to serve TLS instead of cleartext.
   *
   * @default undefined cleartext
   */
  readonly tls?: StubTls;
  /**
   * How many calls may run on one HTTP/2 connection at a time. A client's further calls wait, or
   * open another connection.
   *
   * @default 100
   */
  readonly maxConcurrentStreams?: number;
}

/**
 * Starts an engine inside this process, and serves it on 127.0.0.1 over gRPC, gRPC-Web, Connect and
 * REST with JSON, all on one port. Over cleartext it takes HTTP/2 with prior knowledge and HTTP/1.1;
 * over TLS, ALPN chooses. `GET /version` answers without a token.
 *
 * **It isolates nothing.** Processes are real ones of this machine: they run as the current user,
 * with its rights, its files and its network. Signals reach a process's whole group, but descendants
 * that leave the group (`setsid`) are out of reach, and survive close().
 *
 * @throws TypeError where `users` or `engines` are given and empty, and for an engine's name or a
 * secret's that cannot be used; Error where the port cannot be listened to (EADDRINUSE).
 */
export async function startStubServer({
  port = 0,
  tls,
  maxConcurrentStreams,
  ...options
}: StubServerOptions = {}): Promise<StubServer> {
  const stub = createStub(options);
  let server: RestartableServer;
  try {
    server = await RestartableServer.start(port, {
      handlers: [
        createVersionHandler(readPackageVersion()),
        createRpcHandler(stub.service),
        createGatewayHandler(stub.service),
      ],
      maxConcurrentStreams,
      tls,
    });
  } catch (error) {
    await stub.close();
    throw error;
  }
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`;
  let closed: Promise<void> | undefined;

  function close(): Promise<void> {
    closed ??= server.close().finally(() => stub.close());
    return closed;
  }

  return {
    url,
    port: server.port,
    token: stub.token,
    parent: stub.parent,
    connection: { aiemUrl: url, tokenProvider: stub.token },
    engines: stub.engines,
    stop: () => server.stop(),
    listen: () => server.listen(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
