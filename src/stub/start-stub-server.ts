import { VERSION } from "../model/version.js";
import { optional, wholeNumber } from "../rules/values.js";
import { checkStubOptions, type RulesOf } from "./check-options.js";
import { createStub } from "./create-stub.js";
import { ServerFaults } from "./faults/fault-registry.js";
import { injectFaults } from "./faults/inject-faults.js";
import { Links } from "./faults/network/links.js";
import type { StubServerFaults } from "./faults/stub-faults.js";
import { createGatewayHandler } from "./gateway/create-gateway-handler.js";
import { createCorsHandler, requireCors, type StubCors } from "./server/cors.js";
import { type NodeHandler, requestPath } from "./server/node-handler.js";
import { RestartableServer } from "./server/restartable-server.js";
import { createRpcHandler, refuseUnknownMethod } from "./server/rpc-handler.js";
import { createStandardHandlers } from "./server/standard-services.js";
import { requireTls, type StubTls } from "./server/stub-tls.js";
import { createHealthzHandler } from "./service/create-health-service.js";
import {
  BUILT_IN_CONTRACT,
  readServedContract,
  requireContract,
} from "./service/served-contract.js";
import { ServingState } from "./service/serving-state.js";
import type { StubEngines } from "./stub-engines.js";
import { STUB_OPTION_RULES, type StubOptions } from "./stub-options.js";

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
  /**
   * Which pages of a browser may call, over gRPC-Web and Connect.
   *
   * @default undefined none: browsers keep pages of other origins from reading responses
   */
  readonly cors?: StubCors;
  /**
   * The bytes of a `google.protobuf.FileDescriptorSet` with a ProcessService: gRPC, gRPC-Web and Connect
   * speak by its field numbers, enum numbers and package, and reflection tells it, so that a client can
   * be tried against a server that numbers otherwise. REST, which goes by names, stays as it is.
   *
   * @default undefined the contract of this package
   */
  readonly contract?: Uint8Array;
}

const SERVER_OPTION_RULES: RulesOf<StubServerOptions> = {
  ...STUB_OPTION_RULES,
  // Node takes a text that is no number for the path of a Unix socket, and creates it.
  port: optional(wholeNumber(0, 65_535)),
  tls: optional(requireTls),
  // Node raises a limit that HTTP/2 cannot carry in the first connection's event, where nobody is.
  maxConcurrentStreams: optional(wholeNumber(1, 2_147_483_647)),
  cors: optional(requireCors),
  contract: optional(requireContract),
};

/**
 * Starts an engine inside this process, and serves it on 127.0.0.1 over gRPC, gRPC-Web, Connect and
 * REST with JSON, all on one port. Over cleartext it takes HTTP/2 with prior knowledge and HTTP/1.1;
 * over TLS, ALPN chooses. Without a token it answers `GET /version`, `GET /healthz`, and gRPC's own
 * services: server reflection (grpc.reflection v1 and v1alpha) and health checking (grpc.health.v1).
 *
 * **It isolates nothing.** Processes are real ones of this machine: they run as the current user,
 * with its rights, its files and its network. Signals reach a process's whole session, but descendants
 * that leave it (`setsid`) are out of reach, and survive close().
 *
 * @throws TypeError where `users` or `engines` are given and empty, and for a port, a certificate, a
 * token, an engine's name, a secret's, a limit, an origin or a contract that cannot be used; Error where
 * the port cannot be listened to (EADDRINUSE).
 */
export async function startStubServer(options: StubServerOptions = {}): Promise<StubServer> {
  checkStubOptions<StubServerOptions>("startStubServer", options, SERVER_OPTION_RULES);
  const { port = 0, tls, maxConcurrentStreams, cors, contract: set, ...stubOptions } = options;
  const { contract, files } = set === undefined ? BUILT_IN_CONTRACT : readServedContract(set);
  const stub = createStub(stubOptions);
  const links = new Links();
  const faults = new ServerFaults(links);
  const service = injectFaults(stub.service, faults);
  const state = new ServingState();
  let server: RestartableServer;
  try {
    server = await RestartableServer.start(port, {
      handlers: [
        ...(cors === undefined ? [] : [createCorsHandler(cors)]),
        createVersionHandler(VERSION),
        createHealthzHandler(state),
        createRpcHandler(service, links, stub.isKnown, contract),
        ...createStandardHandlers(contract.service.typeName, files, state, faults, links),
        refuseUnknownMethod,
        createGatewayHandler(service, links, stub.isKnown),
      ],
      maxConcurrentStreams,
      onConnection: (socket) => links.add(socket),
      state,
      tls,
    });
  } catch (error) {
    await stub.close();
    throw error;
  }
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`;
  let closed: Promise<void> | undefined;

  async function end(): Promise<void> {
    try {
      await server.close().finally(() => stub.close());
    } finally {
      // Not before, so that a call that is held up has no effect any more.
      faults.clear();
    }
  }

  function close(): Promise<void> {
    closed ??= end();
    return closed;
  }

  return {
    url,
    port: server.port,
    token: stub.token,
    parent: stub.parent,
    connection: { aiemUrl: url, tokenProvider: stub.token, contract: set ?? "built-in" },
    engines: stub.engines,
    faults,
    stop: () => server.stop(),
    listen: () => server.listen(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What a ProcessClient needs to reach a stub server: `new ProcessClient(stub.connection)`. */
export interface StubConnection {
  /** The server's URL. */
  readonly aiemUrl: string;
  /** The first user's token. */
  readonly tokenProvider: string;
  /**
   * Whose field and enum numbers it speaks, so that a client need not ask: those of this package, or of
   * the bytes that the server was started with.
   */
  readonly contract: "built-in" | Uint8Array;
}

/** An embedded engine server that runs. */
export interface StubServer extends AsyncDisposable {
  /** `http://127.0.0.1:{port}`, or `https://…` with TLS. */
  readonly url: string;
  /** The port on the loopback interface. It stays the same over stop() and listen(). */
  readonly port: number;
  /** The first user's token. */
  readonly token: string;
  /** The name of the first engine. */
  readonly parent: string;
  /** What a client needs to reach this server as the first user. */
  readonly connection: StubConnection;
  /** The engines, to create further ones and to change their states. */
  readonly engines: StubEngines;
  /** Faults to inject into calls and connections. */
  readonly faults: StubServerFaults;
  /**
   * Ends the listener and all connections, as a server does that is stopped: those who watch its
   * health are told NOT_SERVING, and calls on their way lose their connection. Engines and processes are kept, and processes run on.
   */
  stop(): Promise<void>;
  /**
   * Listens again on the same port, with the engines and processes as they are. Nothing happens if
   * it listens already.
   *
   * @throws Error after close(), and where another program took the port meanwhile (EADDRINUSE).
   */
  listen(): Promise<void>;
  /**
   * Ends the server, its engines and their processes, and removes what they left on disk. Further
   * calls do nothing.
   *
   * @throws Error, naming the sessions, where the machine does not let processes be killed:
   * all else is gone then.
   */
  close(): Promise<void>;
}

/** Answers `GET /version` with `{"version": "…"}`, without asking for a token, as AIEM does. */
export function createVersionHandler(version: string): NodeHandler {
  return (request, response) => {
    if (request.method !== "GET" || requestPath(request) !== "/version") {
      return false;
    }
    request.resume();
    response.statusCode = 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ version }));
    return true;
  };
}
