import type { CallPoint, FaultPoint, OutputPoint } from "./fault-point.js";
import type { Http2ErrorCode } from "./network/http2-error-code.js";

/**
 * The TCP connection of the call is reset (RST), and all calls on it are lost. What was sent
 * before is delivered first, to a client that reads.
 */
export interface ResetFault {
  readonly fault: "reset";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/** The TCP connection of the call is closed (FIN), as by a server that exits. */
export interface CloseFault {
  readonly fault: "close";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * The call's HTTP/2 stream is reset with RST_STREAM; other calls on the connection go on. Over
 * HTTP/1.1, where a call has its connection for itself, that is destroyed.
 */
export interface RstStreamFault {
  readonly fault: "rst-stream";
  /** @default "INTERNAL_ERROR" */
  readonly code?: Http2ErrorCode;
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * The server tells the connection's end with GOAWAY. It closes nothing: that is up to the client.
 * Over HTTP/1.1 the connection closes after this response instead, or at once where the call was
 * not processed.
 */
export interface GoawayFault {
  readonly fault: "goaway";
  /** @default "NO_ERROR" a graceful end */
  readonly code?: Http2ErrorCode;
  /**
   * Whether the call counts as processed. If so, GOAWAY's last stream is the newest one of the
   * connection, and the call goes on, as far as the client lets it. If not, the last stream is the
   * one before the call's; the call is never executed, and can safely be sent again. (Of a
   * connection's first call there is none before: its stream is reset with REFUSED_STREAM, which
   * promises the same.) Only a call that was not begun can be called unprocessed: `at: "before"`.
   *
   * @default true
   */
  readonly processed?: boolean;
  /**
   * GOAWAY's debug data, such as `too_many_pings`, which gRPC clients heed.
   *
   * @default undefined none
   */
  readonly debugData?: string;
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * The response ends without its status: END_STREAM without trailers in gRPC, the last frame left
 * out in gRPC-Web and in Connect's streams, where the body ends as if all was well. A stream of REST
 * ends without the line of its error; one that ends well has no status, so that it only ends early.
 * A unary response of Connect or REST has its status at its head, and stays as it is.
 */
export interface NoTrailersFault {
  readonly fault: "no-trailers";
  /** @default "after" the message, or all output, was sent */
  readonly at?: "after" | OutputPoint;
}

/**
 * The call's connection goes silent: nothing more is answered on it, pings neither, and nothing is
 * closed, as behind a firewall that forgot it. All its calls are affected. It works again, with
 * nothing lost, when the fault is removed. A client that goes away meanwhile is not noticed.
 */
export interface BlackholeFault {
  readonly fault: "blackhole";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * A proxy answers instead of the server; at `"after"`, the server has executed the call. An answer
 * cannot come after output: for StreamOutput, `"before"` is the only point.
 */
export interface HttpFault {
  readonly fault: "http";
  /** The HTTP status, 200 to 599: such as 502, 503, 504 or 429. */
  readonly status: number;
  /**
   * Headers of the response, such as `{ "retry-after": "1" }`. Those of a connection itself
   * (`connection`, `transfer-encoding` and the like) are refused.
   *
   * @default {} a content type of HTML is always added, unless another one is given
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default a page of HTML with the status and its phrase */
  readonly body?: string;
  /** @default "before" */
  readonly at?: CallPoint;
}

/** The faults that need a connection: for servers only. */
export type NetworkFault =
  | ResetFault
  | CloseFault
  | RstStreamFault
  | GoawayFault
  | NoTrailersFault
  | BlackholeFault
  | HttpFault;
