import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";

import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";

import { OutputStream } from "../../../src/gen.js";
import type { HttpServer } from "../../../src/stub/server/http-server.js";
import { connectRaw } from "../server/raw-connection.js";
import { PATH, startScriptedGateway } from "./support/scripted-gateway.js";
import { HTTP_VERSIONS, send } from "./support/send.js";

const STREAM = `${PATH}:streamOutput`;

let server: HttpServer;
afterEach(() => server.stop());

/** A service whose stream sends this many chunks, and then waits for its end. */
async function startChunks(count: number) {
  const reasons: unknown[] = [];
  const state = { sent: 0, waiting: 0, reasons };
  const data = Buffer.alloc(16 * 1024, "x");
  server = await startScriptedGateway({
    async *streamOutput(_request, { signal }) {
      signal.addEventListener("abort", () => state.reasons.push(signal.reason));
      for (; state.sent < count && !signal.aborted; state.sent += 1) {
        yield { stream: OutputStream.STDOUT, data };
      }
      await aborted(signal);
    },
    async waitProcess(_request, { signal }) {
      state.waiting += 1;
      signal.addEventListener("abort", () => state.reasons.push(signal.reason));
      await aborted(signal);
      throw signal.reason;
    },
  });
  return state;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

describe.each(HTTP_VERSIONS)("a stream over %s", (_version, open) => {
  test("ends with a line that tells a later error, under status 200", async () => {
    server = await startScriptedGateway({
      async *streamOutput() {
        yield { stream: OutputStream.STDERR, data: Buffer.from("a") };
        throw new ConnectError("é\n broken", Code.DataLoss);
      },
    });
    const { status, lines } = await send(open, server.port, { path: STREAM });
    expect(status).toBe(200);
    expect(lines()).toEqual([
      { result: { stream: "OUTPUT_STREAM_STDERR", data: "YQ==" } },
      { error: { code: 15, message: "é\n broken", details: [] } },
    ]);
  });

  test("breaks off where a later error cannot be written", async () => {
    const error = new ConnectError("told so", Code.Aborted, undefined, [
      { desc: TimestampSchema, value: { nanos: 2 ** 40 } },
    ]);
    server = await startScriptedGateway({
      async *streamOutput() {
        yield {};
        throw error;
      },
    });
    await expect(send(open, server.port, { path: STREAM })).rejects.toThrow();
  });

  test("without messages is empty, under status 200", async () => {
    server = await startScriptedGateway({ async *streamOutput() {} });
    const { status, text, headers } = await send(open, server.port, { path: STREAM });
    expect([status, text, headers["content-type"]]).toEqual([200, "", "application/json"]);
  });

  test("delivers each message when it comes", async () => {
    await startChunks(1);
    const { body, disconnect } = await open(server.port, { path: STREAM });
    let text = "";
    while (!text.endsWith("\n")) {
      const [chunk] = await once(body, "data");
      text += chunk;
    }
    expect(JSON.parse(text)).toHaveProperty("result.stream", "OUTPUT_STREAM_STDOUT");
    disconnect();
  });

  test("is not read on while its caller does not read, and goes on when it does", async () => {
    const count = 4000;
    const state = await startChunks(count);
    const { body, disconnect } = await open(server.port, { path: STREAM });
    body.pause();
    let before = -1;
    while (before !== state.sent) {
      before = state.sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(state.sent).toBeLessThan(count / 2);
    body.resume();
    await expect.poll(() => state.sent).toBe(count);
    disconnect();
  });

  test.each([1, Number.POSITIVE_INFINITY])(
    "tells the service when its caller goes away (%d chunks)",
    async (count) => {
      const state = await startChunks(count);
      const { body, disconnect } = await open(server.port, { path: STREAM });
      await once(body, "data");
      disconnect();
      await expect.poll(() => state.reasons.length).toBe(1);
    },
  );

  test("tells the service when the server stops", async () => {
    const state = await startChunks(1);
    const { body } = await open(server.port, { path: STREAM });
    body.on("error", () => {});
    await once(body, "data");
    await server.stop();
    await expect.poll(() => state.reasons.length).toBe(1);
  });
});

describe("a unary call", () => {
  const wait = { ":method": "POST", ":path": `${PATH}:wait` };

  test("is told when its caller goes away over HTTP/1.1", async () => {
    const state = await startChunks(0);
    const { socket } = await connectRaw(server.port);
    socket.write(`POST ${wait[":path"]} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`);
    await expect.poll(() => state.waiting).toBe(1);
    socket.destroy();
    await expect.poll(() => state.reasons.length).toBe(1);
  });

  test("is told when its caller goes away before it was its turn to be answered", async () => {
    const state = await startChunks(1);
    const { socket } = await connectRaw(server.port);
    const post = `POST ${wait[":path"]} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`;
    socket.write(`GET ${STREAM} HTTP/1.1\r\nHost: h\r\n\r\n${post.repeat(20)}`);
    await expect.poll(() => state).toMatchObject({ sent: 1, waiting: 20 });
    socket.destroy();
    await expect.poll(() => state.reasons.length).toBe(21);
  });

  test.each(["its stream", "its connection"])("is told when %s ends over HTTP/2", async (what) => {
    const state = await startChunks(0);
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    const stream = session.request(wait);
    stream.on("error", () => {});
    stream.end();
    await expect.poll(() => state.waiting).toBe(1);
    if (what === "its stream") {
      stream.close(constants.NGHTTP2_CANCEL);
    } else {
      session.destroy();
    }
    await expect.poll(() => state.reasons.length).toBe(1);
    session.destroy();
  });

  test("is not made where its stream is reset in the middle of the body", async () => {
    const made: unknown[] = [];
    server = await startScriptedGateway({
      startProcess: (request) => {
        made.push(request);
        return {};
      },
    });
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    const request = session.request({ ":method": "POST", ":path": `${PATH}:start` });
    request.on("error", () => {});
    // The server has the headers once it answers a ping sent after them.
    await new Promise((resolve) => session.ping(resolve));
    request.close(constants.NGHTTP2_CANCEL);
    await once(request, "close");
    await new Promise((resolve) => session.ping(resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toEqual([]);
    session.destroy();
  });
});
