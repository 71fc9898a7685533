import { describe, expect, test } from "vitest";

import { dropEndlessTimeout } from "../../../src/stub/server/rpc-handler.js";

describe("a deadline", () => {
  test.each([
    ["grpc-timeout", "597H"],
    ["grpc-timeout", "99999999H"],
    ["grpc-timeout", "35792M"],
    ["grpc-timeout", "2147484S"],
    ["connect-timeout-ms", "2147483648"],
    ["connect-timeout-ms", "9999999999"],
  ])("that no timer can hold is dropped (%s: %s)", (name, value) => {
    const headers = new Headers({ [name]: value });
    dropEndlessTimeout(headers);
    expect(headers.has(name)).toBe(false);
  });

  test.each([
    ["grpc-timeout", "596H"],
    ["grpc-timeout", "35791M"],
    ["grpc-timeout", "2147483S"],
    ["grpc-timeout", "99999999m"],
    ["grpc-timeout", "1n"],
    ["grpc-timeout", "soon"],
    ["connect-timeout-ms", "2147483647"],
    ["connect-timeout-ms", "soon"],
  ])("that a timer can hold, or that is malformed, stays (%s: %s)", (name, value) => {
    const headers = new Headers({ [name]: value });
    dropEndlessTimeout(headers);
    expect(headers.get(name)).toBe(value);
  });
});
