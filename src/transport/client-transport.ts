import type { Transport } from "@connectrpc/connect";
import type { CallRecord } from "./call-record.js";
import { connectionLost } from "./errors/connection-lost.js";

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

/** Completes a transport, whatever its connections are. */
export function clientTransport(
  origin: string,
  transport: Transport,
  close: () => void,
): ClientTransport {
  return {
    transport,
    origin,
    avoid: ({ connection }) => connection?.avoid(),
    markDead: ({ connection }) => {
      connection?.destroy(connectionLost(origin, "did not answer any more"));
      return connection !== undefined;
    },
    close,
  };
}
