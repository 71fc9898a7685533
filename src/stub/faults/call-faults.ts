import type { Code, ConnectError } from "@connectrpc/connect";

import type { FaultPoint, OutputPoint } from "./fault-point.js";

/**
 * The call fails with a status. At `"after"` the effect has taken place nevertheless: the response
 * is lost, and an error is told.
 */
export interface StatusFault {
  readonly fault: "status";
  readonly code: Code;
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
  readonly fault: "hang";
  /** @default "before" */
  readonly at?: FaultPoint;
}

/**
 * The response is lost after the effect: the connection is reset, with nothing of the response
 * sent. In memory, where there is no connection, the call fails with UNAVAILABLE.
 */
export interface DropFault {
  readonly fault: "drop";
  /** @default "after" */
  readonly at?: "after";
}

/** StreamOutput ends early with the status OK, as if the process had ended. */
export interface EndFault {
  readonly fault: "end";
  readonly at: OutputPoint;
}

/** The faults that need no network: for servers and in-memory transports alike. */
export type CallFault = StatusFault | DelayFault | HangFault | DropFault | EndFault;
