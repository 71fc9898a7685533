import { expect, test } from "vitest";
import { readDelay } from "../../src/transport/delay.js";

test.each([
  [{}, undefined],
  [{ "retry-after": "3" }, { ms: 3_000 }],
  [{ "retry-after": "99999999999" }, { ms: 99_999_999_999_000 }],
  [{ "retry-after": "9".repeat(400) }, { ms: Number.POSITIVE_INFINITY }],
  [{ "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" }, { ms: 5_000 }],
  [{ "retry-after": "Thursday, 01-Jan-26 00:00:05 GMT" }, { ms: 5_000 }],
  [{ "retry-after": "Thu Jan  1 00:00:05 2026" }, { ms: 5_000 }],
  [{ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, { ms: 0 }],
  [{ "grpc-retry-pushback-ms": "700", "retry-after": "3" }, { ms: 700 }],
  [{ "grpc-retry-pushback-ms": "99999999999" }, { ms: 99_999_999_999 }],
  [{ "grpc-retry-pushback-ms": "-1", "retry-after": "3" }, "never"],
  [{ "grpc-retry-pushback-ms": "soon" }, "never"],
  [{ "grpc-retry-pushback-ms": "1.5" }, "never"],
  [{ "grpc-retry-pushback-ms": "" }, "never"],
])("of %j the delay is %j", (headers: Record<string, string>, expected) => {
  expect(readDelay(new Headers(headers), Date.UTC(2026, 0, 1))).toEqual(expected);
});

test.each([
  "",
  "soon",
  "-5",
  "1.5",
  "+3",
  "3s",
  "0x3",
  "3, 4",
  "2026-01-01",
  "2026-01-01T00:00:05Z",
  "Thu, 01 Jan 2026 00:00:05",
  "Thu, 01 Jan 2026 00:00:05 +0100",
  "Thu, 01 Jan 2026 25:00:05 GMT",
])("a Retry-After of %j is none", (value) => {
  expect(readDelay(new Headers({ "retry-after": value }), Date.UTC(2026, 0, 1))).toBeUndefined();
});
