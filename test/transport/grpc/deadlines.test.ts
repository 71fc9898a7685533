import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Code, type Interceptor } from "@connectrpc/connect";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { ProcessClient } from "../../../src/client/process-client.js";
import { startHttp2Server } from "../http2/support/http2-server.js";
import { closing } from "../support/cleanup.js";
import { PROCESS } from "../support/process-name.js";
import { goodMessage, grpcTo, KINDS, processMessage } from "./support/grpc-calls.js";

afterEach(() => {
  vi.useRealTimers();
});

const HEAD = { ":status": 200, "content-type": "application/grpc" };

function answerWith(
  stream: ServerHttp2Stream,
  bytes: Uint8Array,
  trailers = { "grpc-status": "0" },
) {
  stream.respond({ ...HEAD, "x-early": "1" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers, "x-late": "2" }));
  stream.end(bytes);
}

async function startServer(
  onStream: (stream: ServerHttp2Stream, path: string, headers: IncomingHttpHeaders) => void,
) {
  const started = await startHttp2Server(() => undefined);
  started.server.on("stream", (stream, headers) =>
    onStream(stream, headers[":path"] ?? "", headers),
  );
  return started;
}

function timeoutOf(header: unknown): number {
  return Number(/^(\d+)m$/.exec(String(header))?.[1]);
}

test.each(KINDS)("a request is as PROTOCOL-HTTP2.md has it (%s)", async (kind) => {
  const seen: Record<string, unknown>[] = [];
  const server = await startServer((stream, _, headers) => {
    seen.push({ ...headers });
    answerWith(stream, goodMessage(kind).bytes);
  });
  const { call } = grpcTo(server.url);
  const headers = {
    "X-Own": "a",
    "Content-Type": "text/plain",
    "user-agent": "mine",
    "grpc-timeout": "1S",
  };
  await call(kind, { serverTimeoutMs: 1234.5, headers });
  await call(kind);
  const path = `/ai.h2o.engine.sandbox.v1.ProcessService/${kind === "unary" ? "GetProcess" : "StreamOutput"}`;
  expect(seen[0]).toMatchObject({
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": server.url.slice("http://".length),
    te: "trailers",
    "content-type": "application/grpc+proto",
    "grpc-timeout": "1235m",
    "user-agent": "mine",
    "x-own": "a",
  });
  expect(seen[1]).not.toHaveProperty("grpc-timeout");
  expect(seen[1]?.["user-agent"]).toMatch(/^aiem-process-client\//);
});

test("the path of the address is put before the path of the method", async () => {
  const paths: string[] = [];
  const server = await startServer((stream, path) => {
    paths.push(path);
    answerWith(stream, processMessage());
  });
  await grpcTo(`${server.url}/engine/`).call("unary");
  expect(paths).toEqual(["/engine/ai.h2o.engine.sandbox.v1.ProcessService/GetProcess"]);
});

describe.each(KINDS)("a server that ends a call (%s)", (kind) => {
  const cancel = (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL);
  const cancelled = (stream: ServerHttp2Stream) =>
    stream.respond(
      { ...HEAD, "grpc-status": "1", "grpc-message": "canceled" },
      { endStream: true },
    );

  test.each([
    ["by RST_STREAM(CANCEL)", cancel],
    ["by the status CANCELLED", cancelled],
  ])("at the deadline that it was told, %s, tells a deadline", async (_, end) => {
    const server = await startServer((stream, __, headers) => {
      setTimeout(() => end(stream), timeoutOf(headers["grpc-timeout"]));
    });
    const { failure } = await grpcTo(server.url).call(kind, { serverTimeoutMs: 200 });
    expect(failure).toMatchObject({ kind: "deadline", code: Code.DeadlineExceeded });
  });

  test.each([
    ["by RST_STREAM(CANCEL)", cancel, { kind: "lost", code: Code.Unavailable }],
    ["by the status CANCELLED", cancelled, { kind: "status", code: Code.Canceled }],
  ])("long before, or without one, %s, tells no deadline", async (_, end, expected) => {
    const server = await startServer(end);
    const { call } = grpcTo(server.url);
    expect((await call(kind, { serverTimeoutMs: 30_000 })).failure).toMatchObject(expected);
    expect((await call(kind)).failure).toMatchObject(expected);
  });

  test("by the status DEADLINE_EXCEEDED tells a deadline at any time", async () => {
    const server = await startServer((stream) =>
      stream.respond({ ...HEAD, "grpc-status": "4", "grpc-message": "late" }, { endStream: true }),
    );
    expect((await grpcTo(server.url).call(kind)).failure).toMatchObject({
      kind: "deadline",
      code: Code.DeadlineExceeded,
      message: "late",
    });
  });
});

test.each([
  ["resets", (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
  [
    "cancels",
    (stream: ServerHttp2Stream) =>
      stream.respond({ ...HEAD, "grpc-status": "1" }, { endStream: true }),
  ],
])(
  "waitProcess over several slices, each of which the server %s at its end, has no failure",
  async (_, end) => {
    // Only the clock that tells how long a slice took: sockets and timers are real.
    vi.useFakeTimers({ toFake: ["performance"] });
    const slices: number[] = [];
    const server = await startServer((stream, path, headers) => {
      if (!path.endsWith("/WaitProcess")) {
        answerWith(stream, processMessage(Process_State.RUNNING));
        return;
      }
      slices.push(timeoutOf(headers["grpc-timeout"]));
      if (slices.length === 4) {
        answerWith(stream, processMessage(Process_State.SUCCEEDED));
        return;
      }
      vi.advanceTimersByTime(slices.at(-1) ?? 0);
      end(stream);
    });
    const retries: unknown[] = [];
    const client = closing(
      new ProcessClient(
        { contract: "built-in", aiemUrl: server.url },
        { protocol: "grpc", onRetry: (event) => retries.push(event) },
      ),
    );
    expect(await client.waitProcess(PROCESS)).toMatchObject({ state: "STATE_SUCCEEDED" });
    expect(slices).toHaveLength(4);
    expect(Math.min(...slices)).toBeGreaterThan(20_000);
    expect(retries).toEqual([]);
  },
);

describe.each(KINDS)("the limit of a call (%s)", (kind) => {
  test("ends it at once, and resets the stream", async () => {
    let code: number | undefined;
    const server = await startServer((stream) => {
      stream.on("close", () => {
        code = stream.rstCode;
      });
      stream.respond(HEAD);
    });
    const controller = new AbortController();
    const calling = grpcTo(server.url).call(kind, {}, { signal: controller.signal });
    await expect.poll(() => server.sessions.length).toBe(1);
    controller.abort();
    expect((await calling).failure).toMatchObject({ kind: "local", code: Code.Canceled });
    await expect.poll(() => code).toBe(constants.NGHTTP2_CANCEL);
  });

  test("that has ended before sends nothing", async () => {
    let requests = 0;
    const server = await startServer(() => {
      requests += 1;
    });
    const { failure } = await grpcTo(server.url).call(kind, {}, { signal: AbortSignal.abort() });
    expect(failure).toMatchObject({ kind: "local", code: Code.Canceled });
    expect(requests).toBe(0);
  });
});

describe("interceptors", () => {
  test("see and change requests, and see the headers, trailers and message of answers", async () => {
    const seen: unknown[] = [];
    const interceptor: Interceptor = (next) => async (request) => {
      seen.push(request.method.name, request.url, request.header.get("grpc-timeout") !== null);
      request.header.set("x-added", "yes");
      const response = await next(request);
      seen.push(response.header.get("x-early"));
      if (!response.stream) {
        seen.push(response.trailer.get("x-late"), response.message.$typeName);
      }
      return response;
    };
    const added: unknown[] = [];
    const server = await startServer((stream, _, headers) => {
      added.push(headers["x-added"]);
      answerWith(stream, processMessage());
    });
    const client = closing(
      new ProcessClient(
        { contract: "built-in", aiemUrl: server.url },
        { protocol: "grpc", interceptors: [interceptor] },
      ),
    );
    expect(await client.getProcess(PROCESS)).toMatchObject({ name: PROCESS });
    const service = "ai.h2o.engine.sandbox.v1";
    expect(seen).toEqual([
      "GetProcess",
      `${server.url}/${service}.ProcessService/GetProcess`,
      true,
      "1",
      "2",
      `${service}.GetProcessResponse`,
    ]);
    expect(added).toEqual(["yes"]);
  });

  test("throw what their callers get, and see the server's errors", async () => {
    const own = new Error("not today");
    const codes: unknown[] = [];
    const refusing: Interceptor = () => async () => Promise.reject(own);
    const watching: Interceptor = (next) => (request) =>
      next(request).catch((error) => {
        codes.push(error.code, error.rawMessage);
        throw error;
      });
    const server = await startServer((stream) =>
      stream.respond({ ...HEAD, "grpc-status": "5", "grpc-message": "gone" }, { endStream: true }),
    );
    const clientWith = (interceptor: Interceptor) =>
      closing(
        new ProcessClient(
          { contract: "built-in", aiemUrl: server.url },
          { protocol: "grpc", interceptors: [interceptor] },
        ),
      );
    await expect(clientWith(refusing).getProcess(PROCESS)).rejects.toMatchObject({
      code: Code.Unknown,
      cause: own,
    });
    await expect(clientWith(watching).getProcess(PROCESS)).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: "gone",
    });
    expect(codes).toEqual([Code.NotFound, "gone"]);
  });
});
