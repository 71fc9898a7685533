import { type ClientHttp2Stream, constants } from "node:http2";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { CLIENT_CLOSED } from "../../../src/transport/failures.js";
import { HeadersTooLarge } from "../../../src/transport/http2/header-limits.js";
import { Session } from "../../../src/transport/http2/session.js";
import { bytesOf, connectTo } from "./support/http2-calls.js";
import { answer, follow, startHttp2Server } from "./support/http2-server.js";

test("a request is told what becomes of it, in order and once", async () => {
  const server = await startHttp2Server((stream) => {
    const body: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => body.push(chunk));
    stream.on("end", () => answer(stream, "/", `${Buffer.concat(body)} back`));
  });
  const { request } = connectTo(server.url);
  const made = request({ body: Buffer.from("there and") });
  expect(await made.end).toEqual({ rstCode: 0, neverProcessed: false });
  expect(made.told).toEqual(["sent", "headers", "data", "trailers", "closed"]);
  expect(Buffer.concat(made.chunks).toString()).toBe("there and back");
  expect(made.headers).toMatchObject({ ":status": 200 });
  expect(made.trailers).toMatchObject({ "grpc-status": "0" });
  // With a connection that has room, at once.
  expect(request().told).toEqual(["sent"]);
});

// As Deno does (denoland/deno#35947).
test("data that the runtime emits before its headers is told after them", async () => {
  const server = await startHttp2Server((stream) => answer(stream, "/", "the body"));
  const { request } = connectTo(server.url);
  const first = request();
  await first.end;
  const { connection } = first;
  if (!(connection instanceof Session)) {
    throw new Error("not over a session of the pool");
  }
  const openStream = connection.http2.request.bind(connection.http2);
  connection.http2.request = (...args) => emitLate("response", "data", openStream(...args));
  const made = request();
  expect(await made.end).toEqual({ rstCode: 0, neverProcessed: false });
  expect(made.told).toEqual(["sent", "headers", "data", "trailers", "closed"]);
  expect(Buffer.concat(made.chunks).toString()).toBe("the body");
});

/** The same stream, which emits the one event after the other. */
function emitLate(late: string, until: string, stream: ClientHttp2Stream): ClientHttp2Stream {
  const emit = stream.emit.bind(stream);
  let held: unknown[] | undefined;
  stream.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event === late) {
      held = args;
      return true;
    }
    const heard = emit(event, ...args);
    if (event === until && held) {
      emit(late, ...held);
      held = undefined;
    }
    return heard;
  };
  return stream;
}

describe("a reset", () => {
  test.each([
    ["NO_ERROR", constants.NGHTTP2_NO_ERROR, false],
    ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR, false],
    ["CANCEL", constants.NGHTTP2_CANCEL, false],
    ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM, true],
    ["ENHANCE_YOUR_CALM", constants.NGHTTP2_ENHANCE_YOUR_CALM, false],
  ])("with %s before headers ends the request", async (_, rstCode, neverProcessed) => {
    const server = await startHttp2Server((stream) => stream.close(rstCode));
    const { request } = connectTo(server.url);
    const made = request();
    const end = await made.end;
    expect(end).toMatchObject({ rstCode, neverProcessed });
    expect("cause" in end && end.cause instanceof HeadersTooLarge).toBe(false);
    expect(made.told).toEqual(["sent", "closed"]);
  });

  test("that comes after an answer does not say that nothing saw the request", async () => {
    const server = await startHttp2Server(follow);
    const { request } = connectTo(server.url);
    const made = request();
    await expect.poll(() => bytesOf(made)).toBe(1);
    // Node.js itself would send END_STREAM before the reset. RFC 9113, section 6.4.
    const reset = Buffer.from([
      0,
      0,
      4,
      3,
      0,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      constants.NGHTTP2_REFUSED_STREAM,
    ]);
    for (const socket of server.sockets) {
      socket.write(reset);
    }
    expect(await made.end).toMatchObject({ rstCode: 7, neverProcessed: false });
  });
});

describe("a connection that ends", () => {
  test.each(["FIN", "RST"])("by %s is told as lost", async (kind) => {
    const server = await startHttp2Server(follow);
    const { request } = connectTo(server.url);
    const made = request();
    await expect.poll(() => bytesOf(made)).toBe(1);
    for (const socket of server.sockets) {
      kind === "FIN" ? socket.end() : socket.resetAndDestroy();
    }
    expect(await made.end).toMatchObject({
      failure: {
        kind: "lost",
        code: Code.Unavailable,
        message: expect.stringMatching(/^connection lost: http:/),
      },
    });
  });

  test("by a GOAWAY that excludes a request proves that nothing saw it", async () => {
    const server = await startHttp2Server(() => undefined);
    const { request } = connectTo(server.url);
    const [first, second] = [request(), request()];
    await expect.poll(() => server.sessions.length).toBe(1);
    server.sessions[0]?.goaway(constants.NGHTTP2_INTERNAL_ERROR, 1);
    expect(await first.end).toMatchObject({
      failure: { kind: "lost", message: expect.stringMatching(/with GOAWAY INTERNAL_ERROR$/) },
    });
    expect(await second.end).toMatchObject({ failure: { kind: "refused" } });
  });

  test("because somebody gave it up ends its requests, and the next one uses another", async () => {
    const server = await startHttp2Server(follow);
    const { request } = connectTo(server.url);
    const made = request();
    await expect.poll(() => bytesOf(made)).toBe(1);
    made.connection?.destroy("did not answer any more");
    expect(await made.end).toMatchObject({
      failure: { kind: "lost", message: `connection lost: ${server.url} did not answer any more` },
    });
    const next = request();
    await expect.poll(() => bytesOf(next)).toBe(1);
    expect(next.connection === made.connection).toBe(false);
  });
});

test("closing the client ends requests under way, those in line, and later ones", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 1 } });
  const { request, client } = connectTo(server.url, { maxConnections: 1 });
  const open = request();
  await expect.poll(() => bytesOf(open)).toBe(1);
  const inLine = request();
  client.close(CLIENT_CLOSED);
  for (const made of [open, inLine, request()]) {
    expect(await made.end).toEqual({ failure: CLIENT_CLOSED });
  }
  await expect.poll(() => server.sockets.size).toBe(0);
});

test("a request that cannot be sent says why, and is of this side", async () => {
  const server = await startHttp2Server(answer);
  const { request } = connectTo(server.url);
  const headers = { ":method": "POST", ":path": "/", ":broken": "a" };
  expect(await request({ headers }).end).toMatchObject({
    failure: {
      kind: "local",
      message: expect.stringMatching(/^the request cannot be sent: .*:broken/),
    },
  });
  expect(await request().end).toMatchObject({ rstCode: 0 });
});

test("a cancelled request is reset, and nothing more is told", async () => {
  let code: number | undefined;
  const server = await startHttp2Server((stream) => {
    follow(stream);
    stream.on("close", () => {
      code = stream.rstCode;
    });
  });
  const { request } = connectTo(server.url);
  const made = request();
  await expect.poll(() => bytesOf(made)).toBe(1);
  made.stream.cancel();
  made.stream.cancel();
  await expect.poll(() => code).toBe(constants.NGHTTP2_CANCEL);
  await request().stream.cancel();
  expect(made.told).toEqual(["sent", "headers", "data"]);
});

describe("a paused request", () => {
  test("gets no data, trailers or end until it is resumed", async () => {
    const server = await startHttp2Server((stream) => answer(stream, "/", "y".repeat(100_000)));
    const { request } = connectTo(server.url);
    const made = request();
    made.stream.pause();
    const other = request();
    await other.end;
    await expect.poll(() => made.told).toEqual(["sent", "headers"]);
    await request().end;
    expect(made.told).toEqual(["sent", "headers"]);
    made.stream.resume();
    expect(await made.end).toEqual({ rstCode: 0, neverProcessed: false });
    expect(made.told).toEqual(["sent", "headers", "data", "trailers", "closed"]);
    expect(bytesOf(made)).toBe(100_000);
  });

  test.each(["a reset", "the loss of the connection"])(
    "gets what arrived before %s",
    async (how) => {
      const server = await startHttp2Server((stream, path) => {
        if (path === "/other") {
          answer(stream);
          return;
        }
        stream.respond({ ":status": 200 });
        stream.write(Buffer.alloc(50_000, 7));
      });
      const { request } = connectTo(server.url);
      const made = request();
      made.stream.pause();
      await expect.poll(() => made.told).toEqual(["sent", "headers"]);
      // The frames of one connection arrive in their order.
      await request({ path: "/other" }).end;
      await request({ path: "/other" }).end;
      if (how === "a reset") {
        made.connection?.avoid();
        server.sessions[0]?.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR);
      } else {
        for (const socket of server.sockets) {
          socket.resetAndDestroy();
        }
      }
      await expect.poll(() => server.sockets.size).toBe(0);
      await request({ path: "/other" }).end;
      expect(made.told).toEqual(["sent", "headers"]);
      made.stream.resume();
      expect(await made.end).toMatchObject({ failure: { kind: "lost" } });
      expect(made.told).toEqual(["sent", "headers", "data", "closed"]);
      expect(Buffer.concat(made.chunks)).toEqual(Buffer.alloc(50_000, 7));
    },
  );

  test("can be paused in the middle, over and over, and cancelled", async () => {
    const server = await startHttp2Server((stream) => answer(stream, "/", "z".repeat(1_000_000)));
    const { request } = connectTo(server.url);
    const made = request();
    const cancelled = request();
    for (let n = 0; n < 50; n += 1) {
      made.stream.pause();
      cancelled.stream.pause();
      await new Promise(setImmediate);
      const before = bytesOf(made);
      await new Promise(setImmediate);
      expect(bytesOf(made)).toBe(before);
      made.stream.resume();
      await new Promise(setImmediate);
    }
    cancelled.stream.cancel();
    expect(await made.end).toMatchObject({ rstCode: 0 });
    expect(Buffer.concat(made.chunks).toString()).toBe("z".repeat(1_000_000));
    await request().end;
    expect(cancelled.told).not.toContain("closed");
  });
});

describe("headers and trailers", () => {
  const fields = (count: number, bytes: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, "v".repeat(bytes)]));

  async function start(count: number, bytes: number, inTrailers: boolean) {
    const server = await startHttp2Server(
      (stream) => {
        if (inTrailers) {
          stream.respond({ ":status": 200 }, { waitForTrailers: true });
          stream.on("wantTrailers", () => stream.sendTrailers(fields(count, bytes)));
          stream.end("x");
        } else {
          stream.respond({ ":status": 200, ...fields(count, bytes) }, { endStream: true });
        }
      },
      // As a server that does not look at the client's settings.
      { maxSendHeaderBlockLength: 1024 * 1024 },
    );
    return connectTo(server.url);
  }

  test.each([
    [1_000, 10],
    [12, 8_000],
  ])("of %i fields with %i bytes are read", async (count, bytes) => {
    for (const inTrailers of [false, true]) {
      const { request } = await start(count, bytes, inTrailers);
      const made = request();
      expect(await made.end).toMatchObject({ rstCode: 0 });
      expect((inTrailers ? made.trailers : made.headers)?.["x-11"]).toBe("v".repeat(bytes));
    }
  });

  test.each([
    [5_000, 5],
    [17, 7_900],
  ])("of %i fields with %i bytes are refused, as too large for this side", async (count, bytes) => {
    for (const inTrailers of [false, true]) {
      const { request } = await start(count, bytes, inTrailers);
      // The client's settings are in force when the server has confirmed them.
      await expect
        .poll(async () => {
          const end = await request().end;
          return "cause" in end ? end.cause : end;
        })
        .toMatchObject({
          message:
            "its headers or trailers are larger than the 131072 bytes that this client reads",
        });
    }
  });
});
