import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { HttpServer } from "../../../src/stub/server/http-server.js";
import { collectGarbage } from "../../support/collect-garbage.js";
import { connectRaw } from "../server/raw-connection.js";
import { NAME, PATH, startScriptedGateway } from "./support/scripted-gateway.js";
import { HTTP_VERSIONS, send, type TestRequest } from "./support/send.js";

const PROCESSES = PATH.slice(0, -"/p".length);

let server: HttpServer;
let seen: { headers: Headers; timeoutMs: number | undefined; request: unknown }[];

beforeEach(async () => {
  seen = [];
  server = await startScriptedGateway({
    getProcess(request, { requestHeader, timeoutMs }) {
      const left = timeoutMs();
      seen.push({ headers: requestHeader, timeoutMs: left, request });
      return { process: { name: request.name } };
    },
    createProcess(request) {
      seen.push({ headers: new Headers(), timeoutMs: undefined, request });
      return { process: { name: "created" } };
    },
    async waitProcess(_request, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    },
    async *streamOutput(_request, { signal }) {
      yield { data: Buffer.of(1) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    },
  });
});
afterEach(() => server.stop());

describe.each(HTTP_VERSIONS)("a request over %s", (_version, open) => {
  const call = (request: TestRequest) => send(open, server.port, request);
  const get = (headers: Record<string, string>) => call({ path: PATH, headers });

  test("hands on its authorization, and headers with the prefix Grpc-Metadata-", async () => {
    await get({ authorization: "Bearer t", "Grpc-Metadata-X-Trace": "7", "x-other": "1" });
    const headers = seen[0]?.headers;
    expect(headers?.get("authorization")).toBe("Bearer t");
    expect(headers?.get("x-trace")).toBe("7");
    expect(headers?.has("x-other")).toBe(false);
    expect(headers?.has("grpc-metadata-x-trace")).toBe(false);
  });

  test("cannot set by a prefix what belongs to the protocol", async () => {
    const { status } = await get({
      "Grpc-Metadata-Connect-Timeout-Ms": "1",
      "Grpc-Metadata-Connect-Protocol-Version": "9",
      "Grpc-Metadata-Content-Type": "text/plain",
      "Grpc-Metadata-Content-Encoding": "br",
      "Grpc-Metadata-": "nameless",
      "grpc-metadata-authorization": "Bearer smuggled",
      authorization: "Bearer real",
    });
    expect(status).toBe(200);
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer real");
    expect(seen[0]?.timeoutMs).toBeUndefined();
  });

  test.each([
    ["10S", 10_000],
    ["5000m", 5000],
    ["2M", 120_000],
    ["1H", 3_600_000],
    ["90000000u", 90_000],
    ["90000000000n", 90_000],
  ])("has a deadline by Grpc-Timeout %s", async (header, limitMs) => {
    expect((await get({ "grpc-timeout": header })).status).toBe(200);
    expect(seen[0]?.timeoutMs).toBeLessThanOrEqual(limitMs);
    expect(seen[0]?.timeoutMs).toBeGreaterThan(limitMs - 5000);
  });

  test.each(["0S", "99999999H", "9999999999999999999n"])(
    "has no deadline by Grpc-Timeout %s",
    async (header) => {
      expect((await get({ "grpc-timeout": header })).status).toBe(200);
      expect(seen[0]?.timeoutMs).toBeUndefined();
    },
  );

  test.each(["10", "S", "10s", "-1S", "1.5S", "1e3m", "10S, 5S"])(
    "is refused for Grpc-Timeout %s",
    async (header) => {
      const { status, json } = await get({ "grpc-timeout": header });
      expect(status).toBe(400);
      expect(json()).toMatchObject({ code: 3, message: `invalid grpc-timeout: ${header}` });
    },
  );

  test("ends at its deadline with 504, and a stream with a line", async () => {
    const headers = { "grpc-timeout": "80m" };
    const wait = await call({ method: "POST", path: `${PATH}:wait`, headers });
    expect(wait.status).toBe(504);
    expect(wait.json()).toMatchObject({ code: Code.DeadlineExceeded });
    const stream = await call({ path: `${PATH}:streamOutput`, headers });
    expect(stream.status).toBe(200);
    expect(stream.lines()).toEqual([
      { result: { stream: "OUTPUT_STREAM_UNSPECIFIED", data: "AQ==" } },
      { error: expect.objectContaining({ code: Code.DeadlineExceeded }) },
    ]);
  });

  test("is late at its deadline, whatever the service answers then", async () => {
    const ended = (signal: AbortSignal) =>
      new Promise((resolve) => signal.addEventListener("abort", resolve));
    await server.stop();
    server = await startScriptedGateway({
      async getProcess(_request, { signal }) {
        await ended(signal);
        return {};
      },
      async *streamOutput(_request, { signal }) {
        yield {};
        await ended(signal);
      },
    });
    const headers = { "grpc-timeout": "80m" };
    expect((await call({ path: PATH, headers })).status).toBe(504);
    expect((await call({ path: `${PATH}:streamOutput`, headers })).lines().at(-1)).toEqual({
      error: expect.objectContaining({ code: Code.DeadlineExceeded }),
    });
  });

  test("has a body of 4 MiB at most", async () => {
    const body = (bytes: number) =>
      JSON.stringify({ command: "x".repeat(bytes - '{"command":""}'.length) });
    const limit = 4 * 1024 * 1024;
    const largest = await call({ method: "POST", path: PROCESSES, body: body(limit) });
    expect(largest.status).toBe(200);
    const larger = await call({ method: "POST", path: PROCESSES, body: body(limit + 1) });
    expect(larger.status).toBe(429);
    expect(larger.json()).toMatchObject({ code: Code.ResourceExhausted });
    expect(seen.length).toBe(1);
  });

  test("may be of any length in its query and have a body that nobody asked for", async () => {
    const path = `${PATH}?${"a=1&".repeat(1000)}`;
    const { status } = await call({ method: "GET", path, body: "x".repeat(100_000) });
    expect(status).toBe(200);
  });

  test("shows nothing of a body that is broken", async () => {
    const body = '{"environmentVariables": {"PASSWORD": "hush"';
    const { text } = await call({ method: "POST", path: PROCESSES, body });
    expect(text).not.toContain("hush");
    const wrong = '{"environmentVariables": {"PIN": 4711}}';
    const { text: other } = await call({ method: "POST", path: PROCESSES, body: wrong });
    expect(other).toContain("environment_variables");
    expect(other).not.toContain("4711");
  });

  test.each(["/v1/%zz", "/v1/%ff", "*"])(
    "to the malformed path %s is answered 400",
    async (path) => {
      const { status, json } = await call({ method: "OPTIONS", path });
      expect(status).toBe(400);
      expect(json()).toEqual({ code: 3, message: "Bad Request", details: [] });
    },
  );

  test("with a malformed query is answered 400", async () => {
    const { status, json } = await call({ path: `${PROCESSES}?pageToken=%zz` });
    expect(status).toBe(400);
    expect(json()).toMatchObject({ code: 3 });
  });
});

describe("a connection of HTTP/1.1", () => {
  test("goes on after a body that was too large, and after one that was not read", async () => {
    const connection = await connectRaw(server.port);
    const large = Buffer.alloc(9 * 1024 * 1024, " ");
    for (const path of [PROCESSES, "/unknown"]) {
      connection.socket.write(
        `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${large.length}\r\n\r\n`,
      );
      connection.socket.write(large);
    }
    connection.socket.write(`GET ${PATH} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    const received = (await connection.receivedUntilClosed()).toString();
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual([
      "HTTP/1.1 429",
      "HTTP/1.1 404",
      "HTTP/1.1 200",
    ]);
  });

  test("may ask for an absolute URL, as of a proxy", async () => {
    const connection = await connectRaw(server.port);
    connection.socket.write(
      `GET http://example.test:80${PATH}?x=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    );
    expect((await connection.receivedUntilClosed()).toString()).toContain(NAME);
  });

  test("takes the memory of a body, not of the pieces that it comes in", async () => {
    const connection = await connectRaw(server.port);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    connection.socket.write(
      `POST ${PROCESSES} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const pieces = "1\r\n \r\n".repeat(100_000);
    for (let sent = 0; sent < 500_000; sent += 100_000) {
      await new Promise((resolve) => connection.socket.write(pieces, resolve));
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * 1024 * 1024);
    connection.socket.write('12\r\n{"command":"last"}\r\n0\r\n\r\n');
    expect((await connection.receivedUntilClosed()).toString()).toContain("HTTP/1.1 200");
    expect(seen).toMatchObject([{ request: { process: { command: "last" } } }]);
  });

  test("that ends in the middle of a body calls nothing", async () => {
    const connection = await connectRaw(server.port);
    connection.socket.end(`POST ${PROCESSES} HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n{}`);
    await connection.receivedUntilClosed();
    expect(seen).toEqual([]);
  });
});
