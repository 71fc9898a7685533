import { Agent as HttpAgent, type RequestOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket } from "node:net";
import type { Limit } from "../../async/limit.js";
import { ConnectionTrace } from "../../diagnostics/channels.js";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import { connectFailure, connectionError, connectionLost } from "../failures.js";
import { type DialOptions, dial } from "../socket/dial.js";
import { PendingConnection } from "../socket/pending-connection.js";
import type { Attempt, Connection } from "../wire.js";

/** What HTTP/1.1 connections need. */
export interface Http1Options extends DialOptions {
  readonly connectTimeoutMs: number;
}

/** The options of a request; Node.js hands them on to where its connection is made. */
export interface Http1RequestOptions extends RequestOptions {
  /** Gives up the connection that is being made for the request. */
  readonly limit?: Limit | undefined;
}

// As for HTTP/2: shorter than the usual patience of proxies.
const IDLE_MS = 45_000;

/** An HTTP/1.1 connection: one call at a time. */
export class Http1Connection implements Connection {
  readonly #socket: Socket;
  readonly #origin: string;
  // A proxy's answer, through which the connection was made, is not the server's.
  readonly #bytesBefore: number;
  #lost: Failure | undefined;

  constructor(socket: Socket, origin: string) {
    this.#socket = socket;
    this.#origin = origin;
    this.#bytesBefore = socket.bytesRead;
  }

  /** Whether the server has not sent a byte on it. */
  get unheard(): boolean {
    return this.#socket.bytesRead === this.#bytesBefore;
  }

  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /** Why this side ended it, where it did. */
  get lost(): Failure | undefined {
    return this.#lost;
  }

  // Its only call is over, and its socket with it, when there is a reason to give it up.
  avoid(): void {}

  destroy(how: string): void {
    this.end(connectionLost(this.#origin, how));
  }

  /** Ends it, and the call on it with `failure`. */
  end(failure: Failure): void {
    this.#lost ??= failure;
    this.#socket.destroy(new FailureThrown(this.#lost));
  }
}

/**
 * The HTTP/1.1 connections to one server. Those that are idle are kept for the next call, and do not
 * keep the program alive.
 */
export class Http1Connections {
  /** For requests of Node.js. A connection that cannot be made is told by a `FailureThrown`. */
  readonly agent: HttpAgent;
  /** Whether the server has answered a request over any of them. */
  heard = false;
  /** How long a connection may take. */
  readonly connectTimeoutMs: number;
  readonly #options: Http1Options;
  readonly #currentAttempt: () => Attempt | undefined;
  readonly #connections = new Map<object, Http1Connection>();
  readonly #connecting = new Set<PendingConnection<Socket>>();
  #closed: Failure | undefined;

  /**
   * @param currentAttempt tells whose request it is that needs a connection, where a library makes
   *   the request and its options cannot tell.
   */
  constructor(options: Http1Options, currentAttempt: () => Attempt | undefined = () => undefined) {
    this.#options = options;
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.#currentAttempt = currentAttempt;
    const settings = { keepAlive: true, timeout: IDLE_MS };
    const agent = options.address.secure ? new HttpsAgent(settings) : new HttpAgent(settings);
    agent.createConnection = (request: Http1RequestOptions, callback) => {
      this.#connect(request).then(
        (socket) => callback?.(null, socket),
        // Node.js ignores the socket beside an error; its types want one.
        (error: Error) => callback?.(error, new Socket()),
      );
      return undefined;
    };
    agent.reuseSocket = (socket, request) => {
      HttpAgent.prototype.reuseSocket.call(agent, socket, request);
      if (process.versions["deno"] !== undefined) {
        // Deno (2.9) would send a request again by itself, a create or a signal too, if a connection
        // breaks that was used before (denoland/deno#36786).
        request.reusedSocket = false;
      }
      this.#note(this.#connections.get(socket));
    };
    this.agent = agent;
  }

  /** The connection of a request's socket. */
  of(socket: object): Http1Connection | undefined {
    return this.#connections.get(socket);
  }

  /** Ends every call with `failure`, and refuses those that follow. */
  close(failure: Failure): void {
    this.#closed ??= failure;
    for (const dialling of this.#connecting) {
      dialling.abort(new FailureThrown(failure));
    }
    for (const connection of this.#connections.values()) {
      connection.end(failure);
    }
    this.agent.destroy();
  }

  /** @throws FailureThrown */
  async #connect(request: Http1RequestOptions): Promise<Socket> {
    if (this.#closed) {
      throw new FailureThrown(this.#closed);
    }
    const { address, connectTimeoutMs } = this.#options;
    const attempt = this.#currentAttempt();
    const dialling = new PendingConnection({
      address,
      connectTimeoutMs,
      connect: (signal, onSocket) => dial({ ...this.#options, alpn: "http/1.1", onSocket }, signal),
    });
    this.#connecting.add(dialling);
    const trace = new ConnectionTrace("1.1", address);
    const limit = request.limit ?? attempt?.limit;
    const stopListening = limit?.onEnd(() => dialling.abort(new Error("the call has ended")));
    try {
      const socket = await dialling.result;
      const connection = new Http1Connection(socket, address.origin);
      this.#connections.set(socket, connection);
      trace.opened();
      socket.once("close", () => {
        this.#connections.delete(socket);
        trace.closed();
      });
      this.#note(connection, attempt);
      return socket;
    } catch (error) {
      const failure = connectFailure(error, address);
      trace.failed(connectionError(failure));
      throw new FailureThrown(failure);
    } finally {
      stopListening?.();
      this.#connecting.delete(dialling);
    }
  }

  #note(connection: Http1Connection | undefined, attempt = this.#currentAttempt()): void {
    if (attempt) {
      attempt.evidence.connection = connection;
    }
  }
}
