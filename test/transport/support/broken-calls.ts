import { Code } from "@connectrpc/connect";
import type { Delay, FailureKind } from "../../../src/errors/outcome.js";
import type { Fault } from "../../../src/stub/index.js";

/** What a break is taken for, by the way of the call. */
export interface Classified {
  readonly kind: FailureKind;
  readonly code?: Code;
  readonly delay?: Delay;
}

/** A way in which a call fails, and what it has to be taken for. */
export interface Break {
  readonly title: string;
  readonly fault: Fault;
  /** Over transports of our own. */
  readonly own: Classified;
  /** Over HTTP/1.1, where that differs: it has no streams. */
  readonly http1?: Classified;
  /** Over a transport of the user's own, which tells nothing but the error; by default, as `own`. */
  readonly foreign?: Classified;
}

const refused = { kind: "refused" } as const;
const lost = { kind: "lost" } as const;
const unavailable = { kind: "unavailable" } as const;

/**
 * What breaks a unary call before anything of its answer was sent. Only our own transports can prove
 * that nothing saw a request that was sent; the error alone is taken for less.
 */
export const UNARY_BREAKS: readonly Break[] = [
  { title: "FIN", fault: { fault: "close" }, own: lost },
  { title: "RST", fault: { fault: "reset" }, own: lost },
  { title: "FIN after the effect", fault: { fault: "close", at: "after" }, own: lost },
  { title: "RST after the effect", fault: { fault: "drop" }, own: lost },
  { title: "RST_STREAM INTERNAL_ERROR", fault: { fault: "rst-stream" }, own: lost },
  { title: "RST_STREAM CANCEL", fault: { fault: "rst-stream", code: "CANCEL" }, own: lost },
  {
    title: "RST_STREAM REFUSED_STREAM",
    fault: { fault: "rst-stream", code: "REFUSED_STREAM" },
    own: refused,
    http1: lost,
    foreign: lost,
  },
  {
    title: "GOAWAY that excludes the call",
    fault: { fault: "goaway", processed: false },
    own: refused,
    http1: lost,
    foreign: lost,
  },
  ...[502, 503, 504, 429].map((status) => ({
    title: `HTTP ${status} of a proxy`,
    fault: { fault: "http", status } as const,
    own: unavailable,
  })),
  {
    title: "HTTP 429 with Retry-After",
    fault: { fault: "http", status: 429, headers: { "retry-after": "7" } },
    own: { kind: "unavailable", delay: { ms: 7000 } },
  },
  ...[Code.NotFound, Code.Internal, Code.Unknown, Code.DataLoss, Code.Aborted].map((code) => ({
    title: `the server's own status ${Code[code]}`,
    fault: { fault: "status", code } as const,
    own: { kind: "status", code } as const,
  })),
  {
    title: "the server's own status Unavailable",
    fault: { fault: "status", code: Code.Unavailable },
    own: unavailable,
  },
  {
    title: "the server's own status DeadlineExceeded",
    fault: { fault: "status", code: Code.DeadlineExceeded },
    own: { kind: "deadline" },
  },
];

const at = { messages: 1 };

/** What breaks a stream after its first message. */
export const STREAM_BREAKS: readonly Break[] = [
  { title: "FIN", fault: { fault: "close", at }, own: lost },
  { title: "RST", fault: { fault: "reset", at }, own: lost },
  { title: "RST_STREAM INTERNAL_ERROR", fault: { fault: "rst-stream", at }, own: lost },
  { title: "RST_STREAM CANCEL", fault: { fault: "rst-stream", code: "CANCEL", at }, own: lost },
  {
    title: "RST_STREAM REFUSED_STREAM, which is no promise any more",
    fault: { fault: "rst-stream", code: "REFUSED_STREAM", at },
    own: lost,
  },
  { title: "END_STREAM without a status", fault: { fault: "no-trailers", at }, own: lost },
  {
    title: "the server's own status Unauthenticated",
    fault: { fault: "status", code: Code.Unauthenticated, at },
    own: { kind: "status", code: Code.Unauthenticated },
  },
];
