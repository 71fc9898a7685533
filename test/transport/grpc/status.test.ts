import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema, anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { type Fields, startFrameServer } from "./support/frame-server.js";
import {
  answerWith,
  goodMessage,
  grpcTo,
  HEAD,
  KINDS,
  type Kind,
  outputMessage,
  status,
} from "./support/grpc-calls.js";

/** What a call that is answered with a message and these trailers comes to. */
async function ended(kind: Kind, trailers: Fields) {
  const server = await startFrameServer(answerWith(goodMessage(kind).bytes, trailers));
  return await grpcTo(server.url).call(kind);
}

/** A google.rpc.Status, as grpc-status-details-bin has it. */
function rpcStatus(code: number, message: string, ...details: Uint8Array[]): string {
  const text = Buffer.from(message);
  return Buffer.concat([
    Buffer.from([0x08, code, 0x12, text.length]),
    text,
    ...details.map((detail) => Buffer.concat([Buffer.from([0x1a, detail.length]), detail])),
  ]).toString("base64");
}

const DETAIL = toBinary(
  AnySchema,
  anyPack(StringValueSchema, create(StringValueSchema, { value: "why" })),
);

describe.each(KINDS)("of a call (%s), grpc-status", (kind) => {
  test("0 is success", async () => {
    const { value, failure } = await ended(kind, status(0));
    expect({ value, failure }).toEqual({ value: goodMessage(kind).value, failure: undefined });
  });

  test.each([
    ["are empty", ""],
    ["are no base64", "%%%"],
    ["are no protobuf", Buffer.from([0xff, 0xff, 0xff]).toString("base64")],
    ["are another message", Buffer.from("\n\u0005hello").toString("base64")],
    ["are of success", rpcStatus(0, "fine")],
    ["are of another code", rpcStatus(5, "not found", DETAIL)],
  ])("decides where the details %s", async (_, details) => {
    const trailers = status(8, "too much", ["grpc-status-details-bin", details]);
    const { failure } = await ended(kind, trailers);
    expect(failure).toMatchObject({
      kind: "status",
      code: Code.ResourceExhausted,
      message: "too much",
      details: undefined,
    });
  });

  test("0 stays success whatever the details say", async () => {
    const details = rpcStatus(8, "too much");
    const { failure } = await ended(kind, status(0, "", ["grpc-status-details-bin", details]));
    expect(failure).toBeUndefined();
  });

  test("14 stays UNAVAILABLE with details that say otherwise", async () => {
    const details = rpcStatus(12, "unimplemented");
    const trailers = status(14, "later", ["grpc-status-details-bin", details]);
    const { failure } = await ended(kind, trailers);
    expect(failure).toMatchObject({
      kind: "unavailable",
      code: Code.Unavailable,
      message: "later",
    });
  });

  test.each(["", "=", "=="])("has details, their base64 padded or not (%j)", async (padding) => {
    const details = rpcStatus(8, "x", DETAIL).replace(/=*$/, padding);
    const { failure } = await ended(kind, status(8, "x", ["grpc-status-details-bin", details]));
    expect(failure?.details).toEqual([
      { type: "google.protobuf.StringValue", value: Uint8Array.from(Buffer.from("\n\u0003why")) },
    ]);
  });

  test.each([17, 99, 123_456_789])("above 16 is Unknown, with its message (%i)", async (code) => {
    const { failure } = await ended(kind, status(code, "something new"));
    expect(failure).toMatchObject({
      kind: "status",
      code: Code.Unknown,
      message: "something new",
    });
  });

  test.each(["", "five", "-1", "1.5", "0x5", "1234567890"])(
    "that is no number is none: %j",
    async (text) => {
      const { failure } = await ended(kind, status(text));
      expect(failure).toMatchObject({
        kind: "lost",
        code: Code.Internal,
        message: expect.stringMatching(/ended its answer without a gRPC status$/),
      });
    },
  );

  test("that is there twice is none", async () => {
    for (const trailers of [
      [...status(0), ...status(5)],
      [...status(5), ...status(5)],
    ]) {
      const { failure } = await ended(kind, trailers);
      expect(failure).toMatchObject({ kind: "lost", code: Code.Internal });
    }
  });

  test("in headers counts where nothing follows them", async () => {
    const server = await startFrameServer((stream) =>
      stream.headers([...HEAD, ...status(5, "no such process")], "end"),
    );
    const { failure } = await grpcTo(server.url).call(kind);
    expect(failure).toMatchObject({ code: Code.NotFound, message: "no such process" });
  });

  test("in headers does not count where a message follows them", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers([...HEAD, ...status(0)]);
      stream.data(goodMessage(kind).bytes, "end");
    });
    const { failure } = await grpcTo(server.url).call(kind);
    expect(failure).toMatchObject({ kind: "lost", code: Code.Internal });
  });

  test("in headers does not count where trailers follow them", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers([...HEAD, ...status(0)]);
      stream.headers(status(9, "not now"), "end");
    });
    const { failure } = await grpcTo(server.url).call(kind);
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, message: "not now" });
  });

  test.each([
    [204, "14", Code.Unavailable],
    [503, "5", Code.NotFound],
    [404, "7", Code.PermissionDenied],
    [500, "13", Code.Internal],
  ])("counts whatever the HTTP status is: HTTP %i with %s", async (http, code, expected) => {
    const server = await startFrameServer((stream) =>
      stream.headers([[":status", `${http}`], ...status(code, "the server's word")], "end"),
    );
    const { failure } = await grpcTo(server.url).call(kind);
    expect(failure).toMatchObject({ code: expected, message: "the server's word" });
  });

  test("counts after the body of an error page", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers([
        [":status", "502"],
        ["content-type", "text/html"],
      ]);
      stream.data(Buffer.from("<h1>Bad Gateway</h1>"));
      stream.headers(status(9, "not now"), "end");
    });
    const { failure } = await grpcTo(server.url).call(kind);
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, message: "not now" });
  });

  test.each([
    ["percent-encoded", "%E4%BD%A0%20ok%0A", "你 ok\n"],
    ["raw UTF-8", Buffer.from("prozess läuft: 你").toString("latin1"), "prozess läuft: 你"],
    ["Latin-1", "prozess l\u00e4uft", "prozess läuft"],
    ["both", Buffer.from("ä%C3%A4").toString("latin1"), "ää"],
    ["a percent sign of its own", "50% off", "50% off"],
    ["a percent sign at the end", "100%", "100%"],
    ["what is no hexadecimal number", "%zz%4", "%zz%4"],
    ["bytes that are no UTF-8", "%ff%20x", "\u00ff x"],
  ])("has a message that is shown as well as can be: %s", async (_, sent, shown) => {
    const { failure } = await ended(kind, status(9, sent));
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, message: shown });
  });

  test("has a message that may be left out", async () => {
    const { failure } = await ended(kind, status(9));
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, message: "" });
  });

  test("comes with the metadata of headers and trailers", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers([...HEAD, ["x-early", "1"]]);
      stream.headers(status(14, "", ["x-late", "2"], ["grpc-retry-pushback-ms", "250"]), "end");
    });
    const { failure, header, trailer } = await grpcTo(server.url).call(kind);
    expect(failure?.metadata?.get("x-early")).toBe("1");
    expect(failure?.metadata?.get("x-late")).toBe("2");
    expect(failure?.delay).toEqual({ ms: 250 });
    expect(header.get("x-early")).toBe("1");
    expect(trailer.get("x-late")).toBe("2");
  });

  test("counts although the stream is reset after it", async () => {
    for (const code of [0, 2, 8]) {
      const server = await startFrameServer((stream) => {
        stream.headers(HEAD);
        stream.data(goodMessage(kind).bytes);
        stream.headers(status(0), "end");
        stream.reset(code);
      });
      const { value, failure } = await grpcTo(server.url).call(kind);
      expect({ value, failure }).toEqual({ value: goodMessage(kind).value, failure: undefined });
    }
  });
});

describe("without a status, the HTTP status decides", () => {
  test.each([
    [400, Code.Internal, "status"],
    [401, Code.Unauthenticated, "status"],
    [403, Code.PermissionDenied, "status"],
    [404, Code.Unimplemented, "status"],
    [415, Code.Unknown, "status"],
    [429, Code.Unavailable, "unavailable"],
    [431, Code.Internal, "status"],
    [500, Code.Unknown, "status"],
    [502, Code.Unavailable, "unavailable"],
    [503, Code.Unavailable, "unavailable"],
    [504, Code.Unavailable, "unavailable"],
  ])("HTTP %i", async (http, code, kindOfFailure) => {
    const server = await startFrameServer((stream) => {
      stream.headers([
        [":status", `${http}`],
        ["content-type", "text/html"],
      ]);
      stream.data(Buffer.from("<h1>no gRPC</h1>"), "end");
    });
    const { call } = grpcTo(server.url);
    for (const kind of KINDS) {
      expect((await call(kind)).failure).toMatchObject({
        kind: kindOfFailure,
        code,
        message: expect.stringContaining(`${server.url} answered HTTP ${http} text/html`),
      });
    }
  });

  test("HTTP 404 and 415 say which protocol to use, and that this is no gRPC", async () => {
    for (const http of [404, 415]) {
      const server = await startFrameServer((stream) =>
        stream.headers(
          [
            [":status", `${http}`],
            ["content-type", "application/json"],
          ],
          "end",
        ),
      );
      const { failure } = await grpcTo(server.url).call("unary");
      const message = `${server.url} answered HTTP ${http} application/json, which is not gRPC; for AIEM's public REST surface use protocol: "rest"`;
      expect(failure).toMatchObject({ message, protocol: "foreign" });
    }
  });

  test("an endless page is read no further than in vain", async () => {
    let cancelled: Promise<number> | undefined;
    const server = await startFrameServer((stream) => {
      cancelled = stream.cancelled;
      stream.headers([
        [":status", "200"],
        ["content-type", "text/html"],
      ]);
      stream.data(Buffer.alloc(128 * 1024));
    });
    expect((await grpcTo(server.url).call("output")).failure).toMatchObject({
      kind: "status",
      code: Code.Unknown,
    });
    expect(await cancelled).toBe(8);
  });
});

describe.each(KINDS)("the content type of an answer (%s)", (kind) => {
  function answeredAs(type: string) {
    return startFrameServer((stream) => {
      stream.headers([
        [":status", "200"],
        ["content-type", type],
      ]);
      stream.data(goodMessage(kind).bytes);
      stream.headers(status(0), "end");
    });
  }

  test.each([
    "application/grpc",
    "application/grpc+proto",
    "application/grpc; charset=utf-8",
    "application/grpc+proto;charset=utf-8",
    "Application/GRPC",
  ])("%s is gRPC", async (type) => {
    const server = await answeredAs(type);
    const { value, failure } = await grpcTo(server.url).call(kind);
    expect({ value, failure }).toEqual({ value: goodMessage(kind).value, failure: undefined });
  });

  test.each(["application/grpc+json", "application/grpc-web", "application/grpcx", "text/html"])(
    "%s is refused, also with an OK status",
    async (type) => {
      const server = await answeredAs(type);
      const { value, failure } = await grpcTo(server.url).call(kind);
      expect(failure).toMatchObject({
        kind: "unreadable",
        code: Code.Unknown,
        message: `${server.url} answered HTTP 200 ${type}, which is not gRPC`,
      });
      expect(value ?? "").toBe("");
    },
  );
});

test("informational headers before an answer are none", async () => {
  const server = await startFrameServer((stream) => {
    stream.headers([
      [":status", "103"],
      ["grpc-status", "5"],
    ]);
    answerWith(outputMessage("hello"))(stream);
  });
  const { value, failure } = await grpcTo(server.url).call("output");
  expect({ value, failure }).toEqual({ value: "hello", failure: undefined });
});
