import { once } from "node:events";
import {
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { Writable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { Process_State } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  CreateProcessResponseSchema,
  GetProcessResponseSchema,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../src/async/limit.js";
import { type ClientOptions, type ConnectionConfig, ProcessClient } from "../../src/index.js";
import { OutputSinks } from "../../src/output/pipe.js";
import { envelope } from "../../src/transport/grpc/messages.js";
import { batchOf, NAME } from "../output/support/scripted-output.js";
import { collect } from "../support/collect.js";
import { rejection } from "../support/rejection.js";
import { listen } from "../transport/support/listen.js";

const RUNNING = envelope(
  toBinary(
    GetProcessResponseSchema,
    create(GetProcessResponseSchema, { process: { name: NAME, state: Process_State.RUNNING } }),
  ),
);

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) {
    await close();
  }
});

type Handler = (method: string, stream: ServerHttp2Stream, session: ServerHttp2Session) => void;

async function clientOf(
  answer: Handler,
  config: Partial<ConnectionConfig> = {},
  options: ClientOptions = {},
): Promise<ProcessClient> {
  const server = createServer();
  server.on("session", (session) => {
    session.on("error", () => undefined);
    session.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      answer(String(headers[":path"]).split("/").at(-1) ?? "", stream, session);
    });
  });
  const listening = await listen(server);
  open.push(() => listening.close());
  const aiemUrl = `http://127.0.0.1:${listening.port}`;
  const client = new ProcessClient(
    { contract: "built-in", aiemUrl, ...config },
    { protocol: "grpc", ...options },
  );
  open.push(() => client.close());
  return client;
}

function succeed(stream: ServerHttp2Stream, body: Uint8Array): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(body);
}

describe("a call with an effect", () => {
  it("is settled by a look where its answer is larger than may be read", async () => {
    const methods: string[] = [];
    const client = await clientOf(
      (method, stream) => {
        methods.push(method);
        const process = { name: NAME, command: "x".repeat(3_000) };
        const large = create(CreateProcessResponseSchema, { process });
        const answer = envelope(toBinary(CreateProcessResponseSchema, large));
        succeed(stream, method === "CreateProcess" ? answer : RUNNING);
      },
      {},
      { readMaxBytes: 1_000 },
    );
    const created = client.createProcess(
      "workspaces/w/sandboxEngines/e",
      { command: "x" },
      { processId: "p" },
    );
    // The process that is there has no command: it is another.
    expect(await rejection(created)).toMatchObject({
      rawMessage: expect.stringContaining("larger than"),
    });
    expect(methods).toEqual(["CreateProcess", "GetProcess"]);
  });

  it("is sent again where REFUSED_STREAM says that nothing saw it, after a GOAWAY as well", async () => {
    let calls = 0;
    const client = await clientOf((_method, stream, session) => {
      calls += 1;
      if (calls > 1) {
        succeed(stream, RUNNING);
        return;
      }
      session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
      setImmediate(() => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    });
    expect(await client.sendSignal(NAME, "SIGTERM")).toMatchObject({ state: "STATE_RUNNING" });
    expect(calls).toBe(2);
  });
});

it("a follow shows the server's word about a token where there is no other", async () => {
  const client = await clientOf(
    (_method, stream) => {
      const status = { "grpc-status": "16", "grpc-message": "who are you" };
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", ...status },
        { endStream: true },
      );
    },
    { tokenProvider: () => "the-only-one" },
  );
  const refused = { rawMessage: expect.stringContaining("who are you") };
  expect(await rejection(client.getProcess(NAME))).toMatchObject(refused);
  expect(await rejection(collect(client.streamOutput(NAME)))).toMatchObject(refused);
});

it("a Writable that ends the call in its write leaves no rejection behind", async () => {
  const limit = new Limit();
  const stdout = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      limit.end(() => new Error("enough"));
      setImmediate(done);
    },
  });
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
  const sinks = new OutputSinks({ stdout, stderr }, limit);
  const drained = once(stdout, "drain");
  const written = (async () => await sinks.write(batchOf("out", "!err")))();
  // Vitest fails a run with an unhandled rejection.
  expect(await rejection(written)).toMatchObject({ message: "enough" });
  await drained;
  sinks.release();
});
