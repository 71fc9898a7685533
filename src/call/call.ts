import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import type { Failure, Outcome } from "../errors/outcome.js";
import type { Attempt, Wire } from "../transport/wire.js";
import type { CallOptions } from "./call-options.js";
import type { ClientHooks } from "./hooks.js";
import type { RetryPolicy } from "./patience.js";

/** What the calls of a client have in common. */
export interface Caller {
  readonly wire: Wire;
  readonly policy: RetryPolicy;
  readonly hooks: ClientHooks;
  readonly attemptTimeoutMs: number;
  readonly bulkAttemptTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Ends when the client is closed. */
  readonly life: Limit;
}

/** How long an attempt may take, in milliseconds. */
export interface AttemptTime {
  /** What the server is told. */
  readonly serverMs: number;
  /** When this side gives up; later than the server, as a rule, where that is to end the call. */
  readonly localMs: number;
}

/** What a user asked for that takes one RPC, however many attempts it takes. */
export interface Call<T> {
  readonly method: DescMethod;
  /** The name of the resource that it is about. */
  readonly resource: string;
  readonly headers: HeadersInit | undefined;
  /** Whether the answer may be large, and so may take long. */
  readonly bulk?: boolean | undefined;
  /** Whether it waits for a process: it stays open long, and changes nothing. */
  readonly long?: boolean | undefined;
  /** Sends the request once. */
  send(wire: Wire, attempt: Attempt): Promise<Outcome<T>>;
  /** How long an attempt may take; by default, what the client allows and is left. */
  time?(remainingMs: number): AttemptTime;
  /**
   * Looks, after a failed attempt, whether there is a result all the same.
   *
   * @returns the end of the call; undefined if it may go on.
   */
  settle?(failure: Failure, tookMs: number): Promise<Outcome<T> | undefined>;
  /** When to ask again, in milliseconds from now, of an answer that is not the last one. */
  againAfterMs?(value: T, tookMs: number): number | undefined;
  /** What ends a call whose time is over, where that never cuts an attempt short. */
  lastLook?(): Promise<Outcome<T>>;
}

/**
 * Runs a call in its limits: the caller's signal and time, and the life of the client.
 *
 * @param subject what took too long, for the error.
 * @throws the reason of the limit where that ends it.
 */
export async function withLimit<T>(
  caller: Caller,
  subject: string,
  { signal, timeoutMs }: Pick<CallOptions, "signal" | "timeoutMs">,
  run: (limit: Limit) => Promise<T>,
): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) {
    return await run(caller.life);
  }
  const limit = callLimit(caller, subject, { signal, timeoutMs });
  try {
    return await run(limit);
  } finally {
    limit.release();
  }
}

/** The limit of a call. To be released. With a time of zero there is one attempt, and no clock. */
export function callLimit(
  caller: Caller,
  subject: string,
  { signal, timeoutMs }: Pick<CallOptions, "signal" | "timeoutMs">,
): Limit {
  if (timeoutMs === 0) {
    return caller.life.within({ signal, once: true });
  }
  const overdue = () =>
    new ConnectError(`${subject} took longer than ${timeoutMs} ms`, Code.DeadlineExceeded);
  return caller.life.within({ signal, ms: timeoutMs, overdue });
}
