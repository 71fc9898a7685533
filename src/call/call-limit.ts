import { Code, ConnectError } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import type { CallOptions } from "./call-options.js";

/** What limits a call, besides the life of its client. */
export type CallLimits = Pick<CallOptions, "signal" | "timeoutMs">;

/**
 * Runs a call in its limits: the caller's signal and time, and the life of the client.
 *
 * @param subject what took too long, for the error.
 * @throws the reason of the limit where that ends it.
 */
export async function withLimit<T>(
  life: Limit,
  subject: string,
  limits: CallLimits,
  run: (limit: Limit) => Promise<T>,
): Promise<T> {
  if (limits.signal === undefined && limits.timeoutMs === undefined) {
    return await run(life);
  }
  const limit = callLimit(life, subject, limits);
  try {
    return await run(limit);
  } finally {
    limit.release();
  }
}

/** The limit of a call. To be released. With a time of zero there is one attempt, and no clock. */
export function callLimit(life: Limit, subject: string, limits: CallLimits): Limit {
  return limits.timeoutMs === 0
    ? life.within({ signal: limits.signal, once: true })
    : followLimit(life, () => subject, limits);
}

/**
 * The limit of what goes on until its time is over, which may be at once. To be released.
 *
 * @param subject what took too long, for the error; asked for only then.
 */
export function followLimit(
  life: Limit,
  subject: () => string,
  { signal, timeoutMs }: CallLimits,
): Limit {
  const overdue = () =>
    new ConnectError(`${subject()} took longer than ${timeoutMs} ms`, Code.DeadlineExceeded);
  return life.within({ signal, ms: timeoutMs, overdue });
}
