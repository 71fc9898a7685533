import type { StubServerFaults } from "./faults/stub-faults.js";
import type { StubEngines } from "./stub-engines.js";

/** What a ProcessClient needs to reach a stub server: `new ProcessClient(stub.connection)`. */
export interface StubConnection {
  /** The server's URL. */
  readonly aiemUrl: string;
  /** The first user's token. */
  readonly tokenProvider: string;
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
   * Ends the listener and all connections, as a server does that is stopped; calls on their way
   * lose their connection. Engines and processes are kept, and processes run on.
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
   * @throws Error, naming the process groups, where the machine does not let processes be killed:
   * all else is gone then.
   */
  close(): Promise<void>;
}
