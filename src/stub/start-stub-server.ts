import { isLoopbackHost } from "../model/loopback.js";
import { VERSION } from "../model/version.js";
import { optional, requireFunction, wholeNumber } from "../rules/values.js";
import { checkStubOptions, type RulesOf } from "./check-options.js";
import { createControlHandler } from "./control/control-handler.js";
import { ControlOperations } from "./control/control-operations.js";
import { CONTROL_PATH } from "./control/control-routes.js";
import {
  controlToken,
  requireControl,
  type StubControl,
  type StubControlOptions,
} from "./control/stub-control.js";
import { createStub } from "./create-stub.js";
import { ServerFaults } from "./faults/fault-registry.js";
import { injectFaults } from "./faults/inject-faults.js";
import { Links } from "./faults/network/links.js";
import type { StubServerFaults } from "./faults/stub-faults.js";
import { createGatewayHandler } from "./gateway/create-gateway-handler.js";
import { createPlatformHandler, ISSUER } from "./platform/platform-handler.js";
import {
  AccessTokens,
  requirePlatform,
  Sessions,
  type StubPlatform,
  type StubPlatformOptions,
} from "./platform/stub-platform.js";
import { createCorsHandler, requireCors, type StubCors } from "./server/cors.js";
import { LOOPBACK, reachableHost, requireHost } from "./server/host.js";
import { answerJson, type NodeHandler, requestPath } from "./server/node-handler.js";
import { RestartableServer } from "./server/restartable-server.js";
import { createRpcHandler, refuseUnknownMethod } from "./server/rpc-handler.js";
import { createStandardHandlers } from "./server/standard-services.js";
import { requireTls, type StubTls } from "./server/stub-tls.js";
import { createHealthzHandler } from "./service/create-health-service.js";
import { observeCalls, type StubCall } from "./service/observe-calls.js";
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
   * The interface to listen on: an address, `0.0.0.0` or `::` for every one, or a name of this
   * machine. Beyond the loopback interface `users` has to be given: **whoever knows a token can run
   * any program as the current user**, from every machine that reaches the port.
   *
   * @default "127.0.0.1"
   */
  readonly host?: string;
  /**
   * The port to listen on; 0 is one that is free.
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
  /**
   * What the server's identity provider gives, and to whom.
   *
   * @default {} access tokens of five minutes, for one random refresh token of the first user
   */
  readonly platform?: StubPlatformOptions;
  /**
   * Serves the control API, by which programs in other languages reach `engines`, `faults` and a
   * restart: with a random token, or with this one.
   *
   * @default false
   */
  readonly control?: boolean | StubControlOptions;
  /**
   * Told about each call that has ended, such as for a log. What it throws is an uncaught exception
   * of its program.
   *
   * @default undefined
   */
  readonly onCall?: (call: StubCall) => void;
}

const SERVER_OPTION_RULES: RulesOf<StubServerOptions> = {
  ...STUB_OPTION_RULES,
  host: optional(requireHost),
  // Node takes a text that is no number for the path of a Unix socket, and creates it.
  port: optional(wholeNumber(0, 65_535)),
  tls: optional(requireTls),
  // Node raises a limit that HTTP/2 cannot carry in the first connection's event, where nobody is.
  maxConcurrentStreams: optional(wholeNumber(1, 2_147_483_647)),
  cors: optional(requireCors),
  contract: optional(requireContract),
  platform: optional(requirePlatform),
  control: optional(requireControl),
  onCall: optional(requireFunction),
};

/**
 * Starts an engine inside this process, and serves it on 127.0.0.1 over gRPC, gRPC-Web, Connect and
 * REST with JSON, all on one port. Over cleartext it takes HTTP/2 with prior knowledge and HTTP/1.1;
 * over TLS, ALPN chooses. Without a token it answers `GET /version`, `GET /healthz`, and gRPC's own
 * services: server reflection (grpc.reflection v1 and v1alpha) and health checking (grpc.health.v1).
 * The server is also the discovery service and the identity provider of an H2O environment at its own
 * address, for `discoverConnection()` and H2O's `login()`.
 *
 * **It isolates nothing.** Processes are real ones of this machine: they run as the current user,
 * with its rights, its files and its network. Signals reach a process's whole session, but descendants
 * that leave it (`setsid`) are out of reach, and survive close().
 *
 * @throws TypeError where `users` or `engines` are given and empty, where `host` is beyond the
 * loopback interface and `users` is left out, and for a port, a certificate, a token, an engine's
 * name, a secret's, a limit, an origin or a contract that cannot be used; Error where the port cannot be
 * listened to (EADDRINUSE).
 */
export async function startStubServer(options: StubServerOptions = {}): Promise<StubServer> {
  checkStubOptions<StubServerOptions>("startStubServer", options, SERVER_OPTION_RULES);
  const { host = LOOPBACK, port = 0, tls, maxConcurrentStreams, cors, ...more } = options;
  const { platform = {}, control, onCall, contract: set, ...stubOptions } = more;
  requireOwnToken(host, options);
  const { contract, files } = set === undefined ? BUILT_IN_CONTRACT : readServedContract(set);
  const ownToken = controlToken(control, options.users);
  const accessTokens = new AccessTokens();
  const stub = createStub(stubOptions, accessTokens);
  const sessions = new Sessions(platform, stub.subject, accessTokens);
  const links = new Links();
  const faults = new ServerFaults(links);
  const faulty = injectFaults(stub.service, faults);
  const service = onCall === undefined ? faulty : observeCalls(faulty, onCall);
  const state = new ServingState();
  const closing = new AbortController();
  const operations = new ControlOperations({
    engines: stub.engines,
    faults,
    stopAllBut: (remotePort) => server.stopAllBut(remotePort),
    listen: () => server.listen(),
    closing: closing.signal,
  });
  let server: RestartableServer;
  let url = "";
  try {
    server = await RestartableServer.start(port, {
      handlers: [
        // Before CORS, so that no page of a browser may call it.
        ...(ownToken === undefined ? [] : [createControlHandler(operations, ownToken, links)]),
        ...(cors === undefined ? [] : [createCorsHandler(cors)]),
        createVersionHandler(VERSION),
        createPlatformHandler(sessions, () => url),
        createHealthzHandler(state),
        createRpcHandler(service, links, stub.isKnown, contract),
        ...createStandardHandlers(contract.service.typeName, files, state, faults, links),
        refuseUnknownMethod,
        createGatewayHandler(service, links, stub.isKnown),
      ],
      host,
      maxConcurrentStreams,
      onConnection: (socket) => links.add(socket),
      state,
      tls,
    });
  } catch (error) {
    await stub.close();
    throw error;
  }
  url = `${tls === undefined ? "http" : "https"}://${reachableHost(host)}:${server.port}`;
  let closed: Promise<void> | undefined;

  async function end(): Promise<void> {
    closing.abort();
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
    platform: platformOf(sessions, url),
    control: ownToken === undefined ? undefined : { url: url + CONTROL_PATH, token: ownToken },
    stop: () => server.stop(),
    listen: () => server.listen(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Whoever has a token runs programs here: one that was made at random gets copied where all see it. */
function requireOwnToken(host: string, { users }: StubServerOptions): void {
  if (users === undefined && !isLoopbackHost(host)) {
    throw new TypeError(
      "host: beyond the loopback interface, give users with a token of your own: whoever has one can run any program as the current user",
    );
  }
}

function platformOf(sessions: Sessions, url: string): StubPlatform {
  return {
    issuerUrl: url + ISSUER,
    clientId: sessions.clientId,
    get refreshToken() {
      return sessions.refreshToken;
    },
    get grants() {
      return sessions.grants;
    },
    expireAccessTokens: () => sessions.expireAccessTokens(),
    revokeRefreshTokens: () => sessions.revokeRefreshTokens(),
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
  /** `http://127.0.0.1:{port}`, or with the `host` that was given, and `https://…` with TLS. */
  readonly url: string;
  /** The port. It stays the same over stop() and listen(). */
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
   * The identity provider and the discovery service, of an H2O environment whose address is the
   * server's URL.
   */
  readonly platform: StubPlatform;
  /** Where the control API is; undefined without the option `control`. */
  readonly control: StubControl | undefined;
  /**
   * Ends the listener and all connections, as a server does that is stopped: those who watch its
   * health are told NOT_SERVING, and calls on their way lose their connection. Engines and processes
   * are kept, and processes run on.
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

/**
 * Answers `GET /version` with `{"version": "…"}`, without asking for a token, as AIEM does.
 *
 * @internal
 */
export function createVersionHandler(version: string): NodeHandler {
  return (request, response) => {
    if (request.method !== "GET" || requestPath(request) !== "/version") {
      return false;
    }
    request.resume();
    answerJson(response, 200, { version });
    return true;
  };
}
