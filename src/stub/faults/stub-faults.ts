import type { Code, ConnectError } from "@connectrpc/connect";
import type { Http2ErrorCode } from "../../model/http2-error-codes.js";
import type { StatusName } from "../../model/status-names.js";

/** What can go wrong with a call. */
export type Fault = CallFault | NetworkFault;

/** A fault that was added. */
export interface InjectedFault extends Disposable {
  /** How often it has struck. */
  readonly fired: number;
  /**
   * Removes it, whether it has struck or not. What it holds up goes on: a delay, a hanging call, a
   * blackholed connection. Further calls do nothing.
   */
  remove(): void;
}

/**
 * Faults to inject into calls, to see what a client makes of them. Nothing happens at random: a
 * fault strikes at a call and a point that were asked for.
 */
export interface StubFaults<F extends Fault = Fault> {
  /**
   * Adds a fault to calls that begin from now on. Of several faults of one call, those at the same
   * point strike in the order in which they were added.
   *
   * @throws TypeError for a fault that cannot be: an unknown method or kind, a point that the method
   * does not have, a value out of its range, and in memory a fault that needs a connection or is for
   * one of gRPC's own services.
   */
  add(fault: F & FaultTarget): InjectedFault;
  /** Removes all faults, see InjectedFault, and counts calls from 0 again. */
  clear(): void;
  /**
   * How many calls of a method have arrived, whatever became of them: `"*"` of all methods of the
   * ProcessService together. A call counts when its request was read, before it is authenticated; of
   * ServerReflectionInfo, which has many requests, when it begins.
   */
  calls(method: FaultMethod | "*"): number;
}

/** Faults to inject into a server. */
export interface StubServerFaults extends StubFaults {
  /**
   * Ends all connections that are open, whatever runs on them, while the server goes on listening:
   * with a FIN, or with a RST.
   *
   * @param how @default "close"
   */
  closeConnections(how?: "close" | "reset"): void;
}

/** The RPCs of the ProcessService, as the contract names them. */
export const PROCESS_METHODS = [
  "CreateProcess",
  "StartProcess",
  "GetProcess",
  "ListProcesses",
  "SendSignal",
  "WaitProcess",
  "ReadOutput",
  "ReadOutputFrames",
  "StreamOutput",
] as const;

/** The RPCs of gRPC's own services, which a server has: ServerReflection of any version, and Health. */
const SERVER_METHODS = ["ServerReflectionInfo", "Check", "List", "Watch"] as const;

/** The methods that faults can strike on a server. */
export const FAULT_METHODS = [...PROCESS_METHODS, ...SERVER_METHODS] as const;

/** An RPC that faults can be injected into. */
export type FaultMethod = (typeof FAULT_METHODS)[number];

/** Which calls a fault is for. */
export interface FaultTarget {
  /** The RPC; `"*"` is each of the ProcessService. */
  readonly method: FaultMethod | "*";
  /**
   * The resource name of a process: only calls that name it count. For CreateProcess that is the
   * name made of the request's `parent` and `process_id`; ListProcesses names none, nor do gRPC's own
   * services.
   *
   * @default undefined any process
   */
  readonly process?: string;
  /**
   * Which of the matching calls, counted from 1 at the time of adding; a call counts when it
   * begins. The fault is for that one call only, or for `"every"` one.
   *
   * @default 1 the next one
   */
  readonly nth?: number | "every";
}

/**
 * Before or after the engine handles a call.
 *
 * - `"before"`: nothing was done, nothing was sent.
 * - `"after"`: the call has had its effect (the process is created, started, signalled), and
 *   nothing of a unary answer was sent; of a stream, all of it was sent, but not the end. A Watch
 *   ends by its caller only.
 */
export type CallPoint = "before" | "after";

/**
 * A point in the output of one StreamOutput call: as soon as exactly so many bytes of output, of
 * both streams together, or so many messages were sent; a message is split where the point lies
 * inside it. 0 is before the first. Where the output ends before, the fault does not fire.
 */
export type OutputPoint =
  | {
      /** Bytes of the process's output. */
      readonly bytes: number;
    }
  | {
      /** Messages of the stream. */
      readonly messages: number;
    };

/** When a fault strikes in a call; an OutputPoint is for the method StreamOutput only. */
export type FaultPoint = CallPoint | OutputPoint;

/**
 * The call fails with a status. At `"after"` the effect has taken place nevertheless: the response
 * is lost, and an error is told.
 */
export interface StatusFault {
  /** The kind of the fault. */
  readonly fault: "status";
  /** A number of Connect's Code, or gRPC's name of it, such as `"UNAVAILABLE"`. */
  readonly code: Code | StatusName;
  /** @default "an injected fault" */
  readonly message?: string;
  /**
   * Sent along with the status: trailers in gRPC and gRPC-Web, headers of a unary response in
   * Connect, headers with the prefix `Grpc-Metadata-` in REST, unless output was sent. Such as
   * `{ "retry-after": "1" }` or `{ "grpc-retry-pushback-ms": "1000" }`.
   *
   * @default {}
   */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Messages that tell more, as ConnectError takes them: `{ desc, value }`.
   *
   * @default []
   */
  readonly details?: readonly OutgoingDetail[];
  /** @default "before" */
  readonly at?: FaultPoint;
}

/** A detail of an error that is sent. */
export type OutgoingDetail = Extract<ConnectError["details"][number], { desc: unknown }>;

/** The call waits, then goes on; it goes on at once where the fault is removed. */
export interface DelayFault {
  /** The kind of the fault. */
  readonly fault: "delay";
  /** How long, in milliseconds, 0 to 2,147,483,647. */
  readonly ms: number;
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * Nothing more is heard of the call, while other calls on its connection go on. It goes on where it
 * stopped when the fault is removed.
 */
export interface HangFault {
  /** The kind of the fault. */
  readonly fault: "hang";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * The response is lost after the effect: the connection is reset, with nothing of the response
 * sent. In memory, where there is no connection, the call fails with UNAVAILABLE.
 */
export interface DropFault {
  /** The kind of the fault. */
  readonly fault: "drop";
  /** @default "after" */
  readonly at?: "after";
}

/** StreamOutput ends early with the status OK, as if the process had ended. */
export interface EndFault {
  /** The kind of the fault. */
  readonly fault: "end";
  /** After what of the output. */
  readonly at: OutputPoint;
}

/** The faults that need no network: for servers and in-memory transports alike. */
export type CallFault = StatusFault | DelayFault | HangFault | DropFault | EndFault;

/**
 * The TCP connection of the call is reset (RST), and all calls on it are lost. What was sent
 * before is delivered first, to a client that reads.
 */
export interface ResetFault {
  /** The kind of the fault. */
  readonly fault: "reset";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/** The TCP connection of the call is closed (FIN), as by a server that exits. */
export interface CloseFault {
  /** The kind of the fault. */
  readonly fault: "close";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * The call's HTTP/2 stream is reset with RST_STREAM; other calls on the connection go on. Over
 * HTTP/1.1, where a call has its connection for itself, that is destroyed.
 */
export interface RstStreamFault {
  /** The kind of the fault. */
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
  /** The kind of the fault. */
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
  /** The kind of the fault. */
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
  /** The kind of the fault. */
  readonly fault: "blackhole";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * A proxy answers instead of the server; at `"after"`, the server has executed the call. An answer
 * cannot come after output: for a stream, `"before"` is the only point.
 */
export interface HttpFault {
  /** The kind of the fault. */
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
