import type { ConnectError } from "@connectrpc/connect";

/** What a GOAWAY frame said. */
export interface Goaway {
  readonly code: number;
  /** Streams with a higher id were not processed, and never will be. */
  readonly lastStreamId: number;
}

/** A connection that carries calls. */
export interface Connection {
  /** The last GOAWAY of the server. */
  readonly goaway: Goaway | undefined;
  /** Why the connection ended while it carried calls. */
  readonly lost: ConnectError | undefined;
  /** Whether the server has not sent a byte on the connection. */
  readonly unheard: boolean;
  /** Puts no other call on the connection but those that ask about it; those under way go on. */
  avoid(): void;
  /** Ends every call on the connection with `error`; no other call is put on it. */
  destroy(error: ConnectError): void;
}
