import type { Code } from "@connectrpc/connect";
import type { BreakShape, RefusalShape } from "./break-shapes.js";

/** A status, and what it says about another attempt. */
export interface Status {
  readonly code: Code;
  /** The value of `grpc-retry-pushback-ms`. */
  readonly pushback?: string;
}

/** An answer of a proxy, which knows nothing of RPCs. */
export interface ProxyAnswer {
  readonly status: number;
  /** The value of `Retry-After`, in seconds. */
  readonly retryAfter?: string;
}

/** What happens to one call. Bytes and chunks count the answer's. */
export type Fate =
  | { readonly kind: "none" }
  // Nothing sees the request.
  | { readonly kind: "refused"; readonly shape: RefusalShape }
  | { readonly kind: "lost before"; readonly shape: BreakShape }
  | { readonly kind: "stalled before" }
  | { readonly kind: "proxy before"; readonly answer: ProxyAnswer }
  | { readonly kind: "status before"; readonly status: Status }
  // The server sees the request, the client no answer, or another one.
  | { readonly kind: "late"; readonly shape: BreakShape; readonly afterMs: number }
  | { readonly kind: "lost after"; readonly shape: BreakShape }
  | { readonly kind: "stalled after" }
  | { readonly kind: "proxy after"; readonly answer: ProxyAnswer }
  | { readonly kind: "status after"; readonly status: Status }
  | { readonly kind: "slow"; readonly delayMs: number }
  // A stream breaks on its way.
  | { readonly kind: "cut"; readonly afterBytes: number; readonly shape: BreakShape }
  | { readonly kind: "idle cut"; readonly idleMs: number; readonly shape: BreakShape }
  | { readonly kind: "stalled midway"; readonly afterBytes: number }
  | { readonly kind: "status midway"; readonly afterChunks: number; readonly status: Status }
  | { readonly kind: "early end"; readonly afterChunks: number }
  | { readonly kind: "no end" }
  // The server does not send again what it has sent before.
  | { readonly kind: "lost past" }
  | { readonly kind: "changed past" };

/** The name of a fate. */
export type FateKind = Fate["kind"];

/** The fates that only a stream can have. */
export const STREAM_FATES = [
  "cut",
  "idle cut",
  "stalled midway",
  "status midway",
  "early end",
  "no end",
  "lost past",
  "changed past",
] as const satisfies readonly FateKind[];

/** The fates that any call can have. */
export const CALL_FATES = [
  "refused",
  "lost before",
  "stalled before",
  "proxy before",
  "status before",
  "late",
  "lost after",
  "stalled after",
  "proxy after",
  "status after",
  "slow",
] as const satisfies readonly FateKind[];
