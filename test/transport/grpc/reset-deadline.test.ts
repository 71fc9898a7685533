import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { GetProcessResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { ProcessClient, type RetryEvent, WaitTimeoutError } from "../../../src/index.js";
import { closing } from "../support/cleanup.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";

const GRPC = { ":status": 200, "content-type": "application/grpc+proto" };

/** Answers GetProcess, of a process that runs; everything else is reset after a share of its time. */
async function resettingServer(share: number) {
  const resets: number[] = [];
  const server = createServer();
  server.on("stream", (stream, { ":path": path = "", "grpc-timeout": timeout }) => {
    stream.on("error", () => undefined);
    stream.resume();
    if (path.endsWith("/GetProcess")) {
      answer(stream);
      return;
    }
    const ms = Number(/^(\d+)m$/.exec(String(timeout))?.[1]);
    resets.push(ms);
    setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ms * share);
  });
  const { port } = closing(await listen(server));
  return { url: `http://127.0.0.1:${port}`, resets };
}

function answer(stream: ServerHttp2Stream) {
  const process = { name: PROCESS, state: Process_State.RUNNING };
  const message = toBinary(GetProcessResponseSchema, create(GetProcessResponseSchema, { process }));
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": 0 }));
  stream.end(frame);
}

test("a reset with CANCEL at the end of a wait's slice is that end, and no failure", async () => {
  const { url, resets } = await resettingServer(0.95);
  const retries: RetryEvent[] = [];
  for (const retry of [false, {}] as const) {
    await using client = new ProcessClient(
      { contract: "built-in", aiemUrl: url },
      { protocol: "grpc", retry, onRetry: (event) => retries.push(event) },
    );
    const wait = client.waitProcess(PROCESS, { timeoutMs: 2_000 });
    await expect(wait).rejects.toBeInstanceOf(WaitTimeoutError);
  }
  expect(resets.length).toBeGreaterThanOrEqual(2);
  expect(retries).toEqual([]);
});

test("one long before that is a lost call", async () => {
  const { url } = await resettingServer(0.2);
  await using client = new ProcessClient(
    { contract: "built-in", aiemUrl: url },
    { protocol: "grpc", retry: false },
  );
  await expect(client.waitProcess(PROCESS, { timeoutMs: 2_000 })).rejects.toMatchObject({
    code: Code.Unavailable,
    rawMessage: expect.stringContaining("HTTP/2 CANCEL"),
  });
});
