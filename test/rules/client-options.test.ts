import type { Interceptor } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClientOptions,
  InvalidInputError,
  ProcessClient,
  type RetryOptions,
} from "../../src/index.js";
import { notCount, notDuration } from "./bad-values.js";
import { untyped } from "./refused.js";

const aiemUrl = "https://aiem.example";

function refusedOption(make: () => ProcessClient): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error instanceof InvalidInputError ? error.field : "";
  }
  throw new Error("it was not refused");
}

function expectRefused(field: keyof ClientOptions, values: fc.Arbitrary<unknown>, name?: string) {
  fc.assert(
    fc.property(values, (value) => {
      const options = { [field]: value };
      expect(refusedOption(() => new ProcessClient({ aiemUrl }, options))).toBe(name ?? field);
    }),
  );
}

const notFunction = fc.constantFrom(5, null, "f", {}, []);

describe("a client is refused", () => {
  it("without a config, or with options that are no object", () => {
    for (const bad of [undefined, null, "https://aiem.example", 5, [], () => undefined]) {
      expect(refusedOption(() => new ProcessClient(untyped(bad)))).toBe("config");
    }
    for (const bad of [null, "grpc", 5, [], () => undefined]) {
      expect(refusedOption(() => new ProcessClient({ aiemUrl }, untyped(bad)))).toBe("options");
    }
  });

  it("with a text in the place of a config, which may hold a password and is not shown", () => {
    const make = () => new ProcessClient(untyped("https://user:s3cret@aiem.example"));
    expect(make).toThrow(/^config must be an object, but is a string$/);
  });

  it("with a token provider that gives none, which is not shown", () => {
    for (const bad of [5, null, true, {}, ["s3cret"]]) {
      const make = () => new ProcessClient({ aiemUrl, tokenProvider: untyped(bad) });
      expect(refusedOption(make)).toBe("tokenProvider");
      expect(make).toThrow(/^tokenProvider must be a string or a function$/);
    }
  });

  it("with a contract that is none", () => {
    const none = [null, 5, true, "", "builtin", "guarded", {}, [1, 2], new ArrayBuffer(8)];
    for (const bad of none) {
      const make = () => new ProcessClient({ aiemUrl, contract: untyped(bad) });
      expect(refusedOption(make)).toBe("contract");
      expect(make).toThrow(
        /^contract must be "built-in", "reflection", or the bytes of a google\.protobuf\.FileDescriptorSet/,
      );
    }
  });

  it.each([
    [
      "no FileDescriptorSet",
      Uint8Array.of(255, 255),
      "must be a google.protobuf.FileDescriptorSet",
    ],
    ["no service", new Uint8Array(), "must have one service ProcessService, but has none"],
  ])("with the bytes of a contract that are of %s", (_, contract, rule) => {
    for (const protocol of ["auto", "grpc", "connect"] as const) {
      const make = () => new ProcessClient({ aiemUrl, contract }, { protocol });
      expect(refusedOption(make)).toBe("contract");
      expect(make).toThrow(`contract ${rule}`);
    }
  });

  it("with reflection where the protocol has none", () => {
    for (const protocol of ["connect", "rest"] as const) {
      const make = () => new ProcessClient({ aiemUrl, contract: "reflection" }, { protocol });
      expect(refusedOption(make)).toBe("contract");
      expect(make).toThrow(
        /^contract must not be "reflection" unless protocol is "grpc" or "auto"/,
      );
    }
    for (const protocol of ["grpc", "auto", undefined] as const) {
      new ProcessClient({ aiemUrl, contract: "reflection" }, { protocol }).close();
    }
  });

  it("with a transport that carries no calls", () => {
    const unary = () => undefined;
    for (const bad of [undefined, null, {}, { unary }, { unary, stream: 5 }, "grpc"]) {
      expect(refusedOption(() => new ProcessClient({ transport: untyped(bad) }))).toBe("transport");
    }
  });

  it("with both a transport of the caller's own and an address or a token", () => {
    const transport = untyped({ unary: () => undefined, stream: () => undefined });
    for (const [field, value] of Object.entries({
      aiemUrl,
      tokenProvider: "token",
      contract: "built-in",
    })) {
      const config = { transport, [field]: untyped(value) };
      const make = () => new ProcessClient(config);
      expect(refusedOption(make)).toBe(field);
      expect(make).toThrow(
        /must not be given together with transport: your transport has its own$/,
      );
    }
  });

  it("with hooks and interceptors that cannot be called", () => {
    expectRefused("onRetry", notFunction);
    expectRefused("onResume", notFunction);
    expectRefused("onProtocol", notFunction);
    const notInterceptors = fc.constantFrom<unknown>(null, 5, "i", {}, () => undefined, new Set());
    expectRefused(
      "interceptors",
      fc.oneof(
        notInterceptors,
        notFunction.map((bad) => [bad]),
      ),
    );
  });

  it("with a flag that is neither true nor false", () => {
    const notBoolean = fc.constantFrom<unknown>("false", "true", "", 0, 1, null, {});
    expectRefused("verifySsl", notBoolean);
    expectRefused("allowPlaintextToken", notBoolean);
  });

  it("with an address that cannot be one", () => {
    for (const bad of [
      "",
      "aiem.example",
      "ftp://aiem.example",
      "https://user:password@aiem.example",
      "https://aiem.example/?a",
      "https://aiem.example/#a",
      "https://",
      5,
      undefined,
      null,
    ]) {
      expect(refusedOption(() => new ProcessClient({ aiemUrl: untyped(bad) }))).toBe("aiemUrl");
    }
  });

  it("with a clock that cannot run", () => {
    expectRefused("attemptTimeoutMs", fc.oneof(notDuration, fc.constantFrom(0, 1e8, 99_999_999.5)));
    expectRefused("idleTimeoutMs", fc.oneof(notDuration, fc.constant(0)));
    expectRefused("connectTimeoutMs", fc.oneof(notDuration, fc.constantFrom(0, 2 ** 31)));
  });

  it("with a size that is none", () => {
    expectRefused("readMaxBytes", notCount(1));
    expectRefused("streamWindowBytes", fc.oneof(notCount(65_535), fc.constant(2 ** 31)));
    expectRefused("maxConnections", fc.oneof(notCount(1), fc.constant(10_001)));
  });

  it("with rules for retries that cannot be followed", () => {
    const notOptions = fc.oneof(fc.string(), fc.integer(), fc.constantFrom(null, true));
    expectRefused("retry", notOptions);
    const rule = (key: string, values: fc.Arbitrary<unknown>) =>
      expectRefused(
        "retry",
        values.map((value) => ({ [key]: value })),
        `retry.${key}`,
      );
    const wholeFrom1 = (value: unknown) => Number.isInteger(value) && Number(value) >= 1;
    rule(
      "maxAttempts",
      notCount(1).filter((value) => !wholeFrom1(value)),
    );
    rule("maxOutageMs", notDuration);
    rule("baseDelayMs", notDuration);
    rule("maxDelayMs", notDuration);
  });

  it("with a protocol, or a version of HTTP, that there is not", () => {
    expectRefused("protocol", fc.constantFrom("http", "GRPC", "", null, 2));
    expectRefused("httpVersion", fc.constantFrom("3", "1.0", "", null, 2, 1.1, "1.1"));
  });

  it.each<[string, ClientOptions]>([
    ["HTTP/1.1, by which gRPC cannot be tried", { httpVersion: "1.1" }],
    ["HTTP/1.1 for gRPC", { httpVersion: "1.1", protocol: "grpc" }],
    ["HTTP/2 for REST", { httpVersion: "2", protocol: "rest" }],
  ])("with %s", (_title, options) => {
    expect(refusedOption(() => new ProcessClient({ aiemUrl }, options))).toBe("httpVersion");
  });

  it("with what is no path of a file", () => {
    const pem = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n";
    const notPath = fc.constantFrom("", "a\0b", pem, "-----BEGIN PRIVATE KEY-----", 5, null, true);
    expectRefused("sslCaCert", notPath);
    expectRefused("sslClientCert", notPath);
    expectRefused("sslClientKey", notPath);
    expectRefused("sslClientKey", fc.constant("key-without-a-certificate.pem"));
  });

  it("with an option of a connection if the transport is the caller's own", () => {
    const transport = untyped({ unary: () => undefined, stream: () => undefined });
    for (const [field, value] of Object.entries({ verifySsl: true, protocol: "grpc" })) {
      expect(refusedOption(() => new ProcessClient({ transport }, { [field]: value }))).toBe(field);
    }
    expect(new ProcessClient({ transport }, { attemptTimeoutMs: 1 })).toBeDefined();
  });
});

it("a client with good options opens and sends nothing when it is made", () => {
  const duration = fc.double({ min: 1e-3, max: 2 ** 31 - 1, noNaN: true });
  const options = fc.record(
    {
      protocol: fc.constantFrom("grpc", "connect", undefined),
      attemptTimeoutMs: fc.double({ min: 1e-3, max: 99_999_999, noNaN: true }),
      idleTimeoutMs: duration,
      connectTimeoutMs: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      maxConnections: fc.integer({ min: 1, max: 10_000 }),
      readMaxBytes: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      streamWindowBytes: fc.integer({ min: 65_535, max: 2 ** 31 - 1 }),
      verifySsl: fc.boolean(),
      allowPlaintextToken: fc.boolean(),
      interceptors: fc.constantFrom<Interceptor[]>([], [(next) => next]),
      onRetry: fc.constant(() => undefined),
      sslCaCert: fc.constantFrom("ca.pem", "/etc/ca with space.pem"),
      retry: fc.constantFrom<false | RetryOptions>(
        false,
        {},
        { maxAttempts: 1, maxOutageMs: 0, baseDelayMs: 0 },
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(options, (good) => {
      new ProcessClient({ aiemUrl }, good).close();
    }),
  );
});
