import type {
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from "node:http2";
import type { Limit } from "../../async/limit.js";
import type { Failure } from "../../errors/outcome.js";
import type { Connection } from "../wire.js";

/** A request, which is one HTTP/2 stream. */
export interface Http2Request {
  /** With `:method` and `:path`; the authority and the scheme are the connection's. */
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  /** Whether it stays open until a process does something. */
  readonly long: boolean;
  /** Goes over this connection if that still takes calls. */
  readonly affinity: Connection | undefined;
  /** While it waits for a connection, its end takes it out of the line; after that, `cancel` does. */
  readonly limit: Limit;
}

/** How a stream ended. */
export type Http2End =
  /** No connection could be had, or the connection ended under it. */
  | { readonly failure: Failure }
  /** The server ended it; 0 (NO_ERROR) is also an end without a reset. */
  | {
      readonly rstCode: number;
      /** Whether HTTP/2 says that no application saw it (RFC 9113, section 8.7). */
      readonly neverProcessed: boolean;
      /** What Node.js says: an error of the stream, such as too many headers. */
      readonly cause?: unknown;
    };

/** Gets to know what becomes of a request, in this order. */
export interface Http2Listener {
  /** The request was handed to a connection. */
  sent(connection: Connection): void;
  headers(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void;
  data(chunk: Uint8Array): void;
  trailers(headers: IncomingHttpHeaders): void;
  /** The end of everything, once; not after a `cancel`. */
  closed(end: Http2End): void;
}

/** An open request. */
export interface Http2Stream {
  /** No `data` until `resume`, and no `trailers` or `closed` that come after that data. */
  pause(): void;
  resume(): void;
  /** Resets the stream, or leaves the line for a connection. Nothing is told any more. */
  cancel(): void;
}

/** All that gRPC needs of HTTP/2. */
export interface Http2 {
  /** Sends a request as soon as a connection has room for it: at once where one has. */
  request(request: Http2Request, listener: Http2Listener): Http2Stream;
  /** Ends every request with `failure`, and refuses those that follow. */
  close(failure: Failure): void;
}
