import { expect, test } from "vitest";
import { readDelay } from "../../src/transport/delay.js";

test.each([
  [{}, undefined],
  [{ "retry-after": "3" }, { ms: 3_000 }],
  [{ "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" }, { ms: 5_000 }],
  [{ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, { ms: 0 }],
  [{ "retry-after": "soon" }, undefined],
  [{ "grpc-retry-pushback-ms": "700", "retry-after": "3" }, { ms: 700 }],
  [{ "grpc-retry-pushback-ms": "-1", "retry-after": "3" }, "never"],
  [{ "grpc-retry-pushback-ms": "" }, "never"],
])("of %j the delay is %j", (headers: Record<string, string>, expected) => {
  expect(readDelay(new Headers(headers), Date.UTC(2026, 0, 1))).toEqual(expected);
});
