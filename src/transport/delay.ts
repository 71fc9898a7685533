import type { Delay } from "../errors/outcome.js";

/**
 * What a server says about another attempt, in the headers and trailers of its refusal:
 * `grpc-retry-pushback-ms` (gRFC A6: a value that is no number from 0 up means never) or
 * `Retry-After` (RFC 9110, section 10.2.3: seconds or a date).
 */
export function readDelay(metadata: Headers, now = Date.now()): Delay | undefined {
  const pushback = metadata.get("grpc-retry-pushback-ms");
  if (pushback !== null) {
    return /^\d{1,9}$/.test(pushback) ? { ms: Number(pushback) } : "never";
  }
  const retryAfter = metadata.get("retry-after");
  if (retryAfter === null) {
    return undefined;
  }
  const ms = /^\d{1,9}$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter) - now;
  return Number.isNaN(ms) ? undefined : { ms: Math.max(0, ms) };
}
