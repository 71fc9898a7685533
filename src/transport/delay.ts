import type { Delay } from "../errors/outcome.js";

// The three formats of an HTTP-date (RFC 9110, section 5.6.7). By itself Date.parse reads much more:
// `-5` and `1.5` are dates in 2001 to it.
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d{2}:\\d{2}:\\d{2}";
const GMT_DATE = new RegExp(
  `^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} ${MONTH} \\d{4}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d{2}-${MONTH}-\\d{2}) ${TIME} GMT$`,
);
const ASCTIME_DATE = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`,
);

/**
 * What a server says about another attempt, in the headers and trailers of its refusal:
 * `grpc-retry-pushback-ms` (gRFC A6: a value that is no number from 0 up means never) or
 * `Retry-After` (RFC 9110, section 10.2.3: seconds or a date; anything else is as good as none).
 */
export function readDelay(metadata: Headers, now = Date.now()): Delay | undefined {
  const pushback = metadata.get("grpc-retry-pushback-ms");
  if (pushback !== null) {
    return /^\d+$/.test(pushback) ? { ms: Number(pushback) } : "never";
  }
  const retryAfter = metadata.get("retry-after");
  if (retryAfter === null) {
    return undefined;
  }
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : parseDate(retryAfter) - now;
  return Number.isNaN(ms) ? undefined : { ms: Math.max(0, ms) };
}

/** @returns NaN for what is no HTTP-date. */
function parseDate(text: string): number {
  if (GMT_DATE.test(text)) {
    return Date.parse(text);
  }
  // It is in UTC as well, without saying so.
  return ASCTIME_DATE.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
