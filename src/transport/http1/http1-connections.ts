import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket } from "node:net";
import type { ConnectError } from "@connectrpc/connect";
import { onAbort } from "../../async/abort-listeners.js";
import { currentAttempt, outsideOfCalls } from "../call-context.js";
import { errorOfThrown } from "../errors/connect-failure.js";
import { type DialOptions, dial } from "../socket/dial.js";
import { PendingConnection } from "../socket/pending-connection.js";
import { Http1Connection } from "./http1-connection.js";

/** What HTTP/1.1 connections need. */
export interface Http1Options extends DialOptions {
  readonly connectTimeoutMs: number;
}

/** The HTTP/1.1 connections to one server. */
export interface Http1Connections {
  /** For requests of Node.js. */
  readonly agent: HttpAgent;
  /** Ends every call with `error`, and refuses those that follow. */
  close(error: ConnectError): void;
}

// As for HTTP/2: shorter than the usual patience of proxies.
const IDLE_MS = 45_000;

/** Keeps connections that are idle for the next call; they do not keep the program alive. */
export function createHttp1Connections(options: Http1Options): Http1Connections {
  const { address, connectTimeoutMs } = options;
  const settings = { keepAlive: true, timeout: IDLE_MS };
  const agent = address.secure ? new HttpsAgent(settings) : new HttpAgent(settings);
  const connections = new Map<object, Http1Connection>();
  const connecting = new Set<PendingConnection<Socket>>();
  let closed: ConnectError | undefined;

  const connect = async (): Promise<Socket> => {
    if (closed) {
      throw closed;
    }
    const call = currentAttempt();
    const attempt = outsideOfCalls(
      () =>
        new PendingConnection({
          address,
          connectTimeoutMs,
          connect: (signal, onSocket) => dial({ ...options, alpn: "http/1.1", onSocket }, signal),
        }),
    );
    connecting.add(attempt);
    const stopListening = call && onAbort(call.signal, () => attempt.abort(call.signal.reason));
    try {
      const socket = await attempt.result;
      const connection = new Http1Connection(socket);
      connections.set(socket, connection);
      socket.once("close", () => connections.delete(socket));
      call?.record.carryOn(connection);
      return socket;
    } catch (error) {
      throw errorOfThrown(error);
    } finally {
      stopListening?.();
      connecting.delete(attempt);
    }
  };

  agent.createConnection = (_, callback) => {
    connect().then(
      (socket) => callback?.(null, socket),
      // Node.js ignores the socket beside an error; its types want one.
      (error: unknown) => callback?.(asError(error), new Socket()),
    );
    return undefined;
  };
  agent.reuseSocket = (socket, request) => {
    HttpAgent.prototype.reuseSocket.call(agent, socket, request);
    const connection = connections.get(socket);
    if (connection) {
      currentAttempt()?.record.carryOn(connection);
    }
  };
  return {
    agent,
    close(error) {
      closed ??= error;
      for (const attempt of connecting) {
        attempt.abort(error);
      }
      for (const connection of connections.values()) {
        connection.destroy(error);
      }
      agent.destroy();
    },
  };
}

// The reason of an abort can be anything.
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("the call was aborted", { cause: reason });
}
