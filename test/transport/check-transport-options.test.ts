import { expect, test } from "vitest";
import { checkTransportOptions } from "../../src/transport/check-transport-options.js";

test("accepts no options, the defaults, and what goes together", () => {
  expect(checkTransportOptions({})).toBeUndefined();
  expect(
    checkTransportOptions({
      protocol: "connect",
      httpVersion: "1.1",
      connectTimeoutMs: 10_000,
      streamWindowBytes: 1_048_576,
      readMaxBytes: 67_108_864,
      sslClientCert: "a",
      sslClientKey: "b",
    }),
  ).toBeUndefined();
  expect(checkTransportOptions({ protocol: "rest", httpVersion: "1.1" })).toBeUndefined();
  expect(checkTransportOptions({ protocol: "auto", httpVersion: "2" })).toBeUndefined();
});

test.each([
  [{ httpVersion: "1.1" as const }, "httpVersion"],
  [{ httpVersion: "1.1" as const, protocol: "grpc" as const }, "httpVersion"],
  [{ httpVersion: "2" as const, protocol: "rest" as const }, "httpVersion"],
  [{ sslClientKey: "key.pem" }, "sslClientKey"],
  [{ connectTimeoutMs: 0 }, "connectTimeoutMs"],
  [{ connectTimeoutMs: Number.NaN }, "connectTimeoutMs"],
  [{ streamWindowBytes: 1_000 }, "streamWindowBytes"],
  [{ streamWindowBytes: 2 ** 31 }, "streamWindowBytes"],
  [{ readMaxBytes: 0.5 }, "readMaxBytes"],
])("refuses %j", (options, field) => {
  expect(checkTransportOptions(options)).toMatchObject({ field });
});

test("refuses values that TypeScript would not let pass", () => {
  const options: object = { protocol: "soap" };
  expect(checkTransportOptions(options)).toMatchObject({ field: "protocol", value: "soap" });
});
