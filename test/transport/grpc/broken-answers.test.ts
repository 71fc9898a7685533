import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { ProcessClient } from "../../../src/client/process-client.js";
import { startHttp2Server } from "../http2/support/http2-server.js";
import { closing } from "../support/cleanup.js";
import { PROCESS } from "../support/process-name.js";
import { type FrameStream, startFrameServer } from "./support/frame-server.js";
import {
  answerWith,
  goodMessage,
  grpcTo,
  HEAD,
  KINDS,
  outputMessage,
  processMessage,
  status,
} from "./support/grpc-calls.js";

function clientOf(url: string, options: ConstructorParameters<typeof ProcessClient>[1] = {}) {
  return closing(
    new ProcessClient({ contract: "built-in", aiemUrl: url }, { protocol: "grpc", ...options }),
  );
}

async function textOf(client: ProcessClient): Promise<string> {
  let text = "";
  for await (const { data } of client.streamOutput(PROCESS)) {
    text += Buffer.from(data).toString();
  }
  return text;
}

describe.each(KINDS)("a stream without a proper end (%s)", (kind) => {
  test.each([
    ["NO_ERROR", constants.NGHTTP2_NO_ERROR, "lost", Code.Unavailable],
    ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR, "lost", Code.Unavailable],
    ["PROTOCOL_ERROR", constants.NGHTTP2_PROTOCOL_ERROR, "lost", Code.Unavailable],
    ["CANCEL", constants.NGHTTP2_CANCEL, "lost", Code.Unavailable],
    ["an unknown code", 0xff, "lost", Code.Unavailable],
    ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM, "refused", Code.Unavailable],
    ["ENHANCE_YOUR_CALM", constants.NGHTTP2_ENHANCE_YOUR_CALM, "lost", Code.ResourceExhausted],
    ["INADEQUATE_SECURITY", constants.NGHTTP2_INADEQUATE_SECURITY, "lost", Code.PermissionDenied],
  ] as const)("that is reset before headers, with %s, has failed", async (_, code, why, told) => {
    const server = await startFrameServer((stream) => stream.reset(code));
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({ kind: why, code: told });
  });

  test.each([
    ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR, Code.Unavailable],
    ["CANCEL", constants.NGHTTP2_CANCEL, Code.Unavailable],
    // An application did see a call that is answered.
    ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM, Code.Unavailable],
    ["ENHANCE_YOUR_CALM", constants.NGHTTP2_ENHANCE_YOUR_CALM, Code.ResourceExhausted],
    // Node.js does not tell this one from an end without a reset.
    ["NO_ERROR", constants.NGHTTP2_NO_ERROR, Code.Internal],
  ])("that is reset after a message, with %s, is lost", async (_, code, told) => {
    const server = await startFrameServer((stream) => {
      stream.headers(HEAD);
      stream.data(goodMessage(kind).bytes);
      stream.reset(code);
    });
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "lost",
      code: told,
    });
  });

  test("that ends without a status is lost, as Internal", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers(HEAD);
      stream.data(goodMessage(kind).bytes, "end");
    });
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "lost",
      code: Code.Internal,
      message: `${server.url} ended its answer without a gRPC status`,
    });
  });

  test.each([
    ["headers", 0],
    ["one byte", 1],
    ["the prefix", 5],
    ["the first byte of the message", 6],
    ["all but the last byte", -1],
  ])("that ends after %s is lost, as Unavailable", async (_, bytes) => {
    const whole = goodMessage(kind).bytes;
    for (const isReset of [true, false]) {
      const server = await startFrameServer((stream) => {
        stream.headers(HEAD);
        stream.data(whole.subarray(0, bytes), isReset ? undefined : "end");
        if (isReset) {
          stream.reset(constants.NGHTTP2_NO_ERROR);
        }
      });
      expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
        kind: "lost",
        code: bytes === 0 ? Code.Internal : Code.Unavailable,
      });
    }
  });

  test("that ends within a message is lost although its status is OK", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers(HEAD);
      stream.data(goodMessage(kind).bytes.subarray(0, -1));
      stream.headers(status(0), "end");
    });
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "lost",
      code: Code.Unavailable,
      message: `connection lost: ${server.url} ended its answer in the middle of a message`,
    });
  });

  test("that ends within a message has the status that it ends with", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers(HEAD);
      stream.data(goodMessage(kind).bytes.subarray(0, -1));
      stream.headers(status(9, "not now"), "end");
    });
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "status",
      code: Code.FailedPrecondition,
      message: "not now",
    });
  });

  test.each([1, 2, 0x80, 0xff])("with a message of flags %i cannot be read", async (flags) => {
    const bytes = Uint8Array.from(goodMessage(kind).bytes);
    bytes[0] = flags;
    let cancelled: Promise<number> | undefined;
    const server = await startFrameServer((stream) => {
      cancelled = stream.cancelled;
      stream.headers(HEAD);
      stream.data(bytes);
    });
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "unreadable",
      code: Code.Internal,
      message: `the server sent a compressed message (flags ${flags}), which was not asked for`,
    });
    expect(await cancelled).toBe(constants.NGHTTP2_CANCEL);
  });

  test("with a message that is no protobuf cannot be read", async () => {
    const server = await startFrameServer(answerWith(Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff])));
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "unreadable",
      code: Code.Internal,
      message: expect.stringMatching(/^the server's answer cannot be read: /),
    });
  });

  test("with a message above readMaxBytes is refused before it comes", async () => {
    let cancelled: Promise<number> | undefined;
    const server = await startFrameServer((stream) => {
      cancelled = stream.cancelled;
      stream.headers(HEAD);
      // A claim of 4 GB, and nothing after it.
      stream.data(
        Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0x08, 1, 0x12, 0xff, 0xff, 0xff, 0xff, 15]),
      );
    });
    const { failure } = await grpcTo(server.url, { readMaxBytes: 1_000 }).call(kind);
    expect(failure).toMatchObject({
      code: Code.ResourceExhausted,
      message:
        "message size 4294967295 is larger than configured readMaxBytes 1000; stream the output, or raise readMaxBytes",
    });
    expect(await cancelled).toBe(constants.NGHTTP2_CANCEL);
  });

  test("with a message of readMaxBytes is read", async () => {
    const { bytes, value } = goodMessage(kind);
    const server = await startFrameServer(answerWith(bytes));
    const readMaxBytes = bytes.length - 5;
    expect(await grpcTo(server.url, { readMaxBytes }).call(kind)).toMatchObject({
      value,
      failure: undefined,
    });
    const { failure } = await grpcTo(server.url, { readMaxBytes: readMaxBytes - 1 }).call(kind);
    expect(failure).toMatchObject({ code: Code.ResourceExhausted });
  });
});

describe("the answer to a unary call", () => {
  test.each([
    [0, Buffer.alloc(0)],
    [2, Buffer.concat([processMessage(), processMessage()])],
  ])("with %i messages cannot be read, although its status is OK", async (count, bytes) => {
    const server = await startFrameServer(answerWith(bytes));
    expect((await grpcTo(server.url).call("unary")).failure).toMatchObject({
      kind: "unreadable",
      code: Code.Unimplemented,
      message: `the server sent ${count} messages as the answer to a call that has one`,
    });
  });

  test("without a message has its status where that is an error", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers(HEAD);
      stream.headers(status(5, "no such process"), "end");
    });
    expect((await grpcTo(server.url).call("unary")).failure).toMatchObject({ code: Code.NotFound });
  });

  test("may be an empty message", async () => {
    const server = await startFrameServer(answerWith(Buffer.alloc(5)));
    expect((await grpcTo(server.url).call("unary")).failure).toBeUndefined();
  });
});

describe("headers", () => {
  const pairs = Array.from({ length: 300 }, (_, i) => [`x-${i}`, `${i}`] as const);
  const large = [["x-large", "a".repeat(64 * 1024)]] as const;
  // Nine frames. One field above 64 KiB would end Node.js's reading of the connection, without a word.
  const tooLarge = Array.from({ length: 17 }, (_, i) => [`x-${i}`, "a".repeat(7_900)] as const);

  test.each(KINDS)("of 300 pairs, and of 64 KiB, are read (%s)", async (kind) => {
    for (const more of [pairs, large]) {
      const server = await startFrameServer((stream) => {
        stream.headers([...HEAD, ...more]);
        stream.data(goodMessage(kind).bytes);
        stream.headers(status(0, "", ...more), "end");
      });
      const { value, failure, header, trailer } = await grpcTo(server.url).call(kind);
      expect(failure).toBeUndefined();
      expect(value).toBe(goodMessage(kind).value);
      for (const [name, text] of more) {
        expect(header.get(name)).toBe(text);
        expect(trailer.get(name)).toBe(text);
      }
    }
  });

  // The limit is in force once the server has confirmed the client's settings.
  async function afterFirst(kind: (typeof KINDS)[number], script: (stream: FrameStream) => void) {
    const server = await startFrameServer(answerWith(goodMessage(kind).bytes), script);
    const { call } = grpcTo(server.url);
    await call(kind);
    return { server, call };
  }

  test.each(KINDS)("that are larger fail as this side's limit (%s)", async (kind) => {
    const { server, call } = await afterFirst(kind, (stream) =>
      stream.headers([...HEAD, ...tooLarge]),
    );
    expect((await call(kind)).failure).toMatchObject({
      kind: "unreadable",
      code: Code.ResourceExhausted,
      message: `the answer of ${server.url} cannot be read: its headers or trailers are larger than the 131072 bytes that this client reads`,
    });
  });

  test.each(KINDS)("that are larger, as trailers, the same (%s)", async (kind) => {
    const { call } = await afterFirst(kind, (stream) => {
      stream.headers(HEAD);
      stream.data(goodMessage(kind).bytes);
      stream.headers(status(0, "", ...tooLarge), "end");
    });
    expect((await call(kind)).failure).toMatchObject({
      kind: "unreadable",
      code: Code.ResourceExhausted,
    });
  });

  test.each(KINDS)("in more frames than nine fail as this side's limit (%s)", async (kind) => {
    const server = await startFrameServer((stream) =>
      stream.headers([...HEAD, ...tooLarge, ["x-tenth", "a".repeat(20_000)]]),
    );
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "unreadable",
      code: Code.ResourceExhausted,
      message: `the answer of ${server.url} cannot be read: its headers or trailers come in more frames than this client reads`,
    });
  });

  test("in more frames than nine end the calls beside them as lost", async () => {
    const server = await startFrameServer(
      (stream) => stream.headers(HEAD),
      (stream) => stream.headers(HEAD),
      (stream) => stream.headers([...HEAD, ...tooLarge, ["x-tenth", "a".repeat(20_000)]]),
    );
    const { call } = grpcTo(server.url);
    const results = await Promise.all([call("output"), call("output"), call("unary")]);
    for (const { failure } of results) {
      expect(failure).toMatchObject({
        kind: "lost",
        code: Code.Unavailable,
        message: `connection lost: ${server.url} sent headers in more frames than this client reads`,
      });
    }
  });

  test("with a field above 64 KiB, which Node.js stops reading at, cost a call its time only", async () => {
    const server = await startFrameServer(
      (stream) => stream.headers([...HEAD, ["x-large", "a".repeat(65 * 1024)]], "end"),
      answerWith(processMessage()),
    );
    // No event tells it: nghttp2 sends a GOAWAY by itself, and the connection is never read again.
    const client = clientOf(server.url, { attemptTimeoutMs: 1_200 });
    expect(await client.getProcess(PROCESS)).toMatchObject({ name: PROCESS });
    expect(server.requests).toBe(2);
  });

  test("that are larger are not asked for again", async () => {
    const server = await startFrameServer(answerWith(processMessage()), (stream) =>
      stream.headers([...HEAD, ...tooLarge]),
    );
    const client = clientOf(server.url);
    await client.getProcess(PROCESS);
    const refusal = {
      code: Code.ResourceExhausted,
      message: expect.stringContaining("that this client reads"),
    };
    await expect(client.getProcess(PROCESS)).rejects.toMatchObject(refusal);
    await expect(textOf(client)).rejects.toMatchObject(refusal);
    expect(server.requests).toBe(3);
  });
});

describe("a client", () => {
  const RESET = (stream: FrameStream) => stream.reset(constants.NGHTTP2_NO_ERROR);

  test("asks again where a stream closes without an answer", async () => {
    const server = await startFrameServer(RESET, RESET, answerWith(processMessage()));
    const client = clientOf(server.url);
    expect(await client.getProcess(PROCESS)).toMatchObject({ state: "STATE_SUCCEEDED" });
    expect(server.requests).toBe(3);
  });

  test("follows on where a stream closes without an answer, and after a part of it", async () => {
    const server = await startFrameServer(
      RESET,
      (stream) => {
        stream.headers(HEAD);
        stream.data(outputMessage("one "));
        stream.reset(constants.NGHTTP2_NO_ERROR);
      },
      (stream) => {
        stream.headers(HEAD);
        stream.data(outputMessage("one two").subarray(0, -2), "end");
      },
      answerWith(outputMessage("one two three")),
      answerWith(processMessage()),
    );
    expect(await textOf(clientOf(server.url))).toBe("one two three");
    expect(server.requests).toBe(5);
  });

  test("without retries fails at once, as Unavailable", async () => {
    const server = await startFrameServer(RESET);
    const client = clientOf(server.url, { retry: false });
    for (const call of [client.getProcess(PROCESS), textOf(client)]) {
      await expect(call).rejects.toMatchObject({
        code: Code.Unavailable,
        rawMessage: expect.stringMatching(
          /: connection lost: .* closed the stream without an answer$/,
        ),
      });
    }
    expect(server.requests).toBe(2);
  });

  test("never takes output for complete that ended with a status, whatever the details", async () => {
    const server = await startFrameServer((stream) => {
      stream.headers(HEAD);
      stream.data(outputMessage("the first half"));
      stream.headers(status(8, "too much output", ["grpc-status-details-bin", ""]), "end");
    }, answerWith(processMessage()));
    const client = clientOf(server.url);
    let text = "";
    const following = (async () => {
      for await (const { data } of client.streamOutput(PROCESS)) {
        text += Buffer.from(data).toString();
      }
    })();
    await expect(following).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: "too much output",
    });
    expect(text).toBe("the first half");
    expect(server.requests).toBe(1);
  });

  test("shows the caller where an error came from", async () => {
    const server = await startFrameServer((stream) => stream.headers(status(5, "gone"), "end"));
    async function askedHere() {
      return await clientOf(server.url).getProcess(PROCESS);
    }
    const error: unknown = await askedHere().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error instanceof ConnectError && error.stack).toContain("askedHere");
  });
});

test("a lost connection ends its calls as lost", async () => {
  for (const how of ["FIN", "RST"]) {
    const server = await startHttp2Server((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(outputMessage("x"), () => {
        for (const socket of server.sockets) {
          how === "FIN" ? socket.end() : socket.resetAndDestroy();
        }
      });
    });
    const { call } = grpcTo(server.url);
    const results = await Promise.all(KINDS.map((kind) => call(kind)));
    for (const { failure } of results) {
      expect(failure).toMatchObject({
        kind: "lost",
        code: Code.Unavailable,
        message: expect.stringMatching(/^connection lost: /),
      });
    }
  }
});

test("a state of a process that was never heard of is no broken answer", async () => {
  const server = await startFrameServer(answerWith(processMessage(Process_State.UNSPECIFIED)));
  expect(await clientOf(server.url).getProcess(PROCESS)).toMatchObject({
    state: "STATE_UNSPECIFIED",
  });
});
