import { create } from "@bufbuild/protobuf";
import {
  DurationSchema,
  EmptySchema,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
  timestampFromMs,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";

import {
  GetProcessResponseSchema,
  ListProcessesResponseSchema,
  OutputFrameSchema,
  type OutputStream,
} from "../../../src/gen.js";
import type { HttpServer } from "../../../src/stub/server/http-server.js";
import { NAME, PATH, startScriptedGateway } from "./support/scripted-gateway.js";
import { HTTP_VERSIONS, send } from "./support/send.js";

let server: HttpServer;
afterEach(() => server.stop());

describe.each(HTTP_VERSIONS)("an answer over %s", (_version, open) => {
  async function failing(error: unknown, verb = "") {
    server = await startScriptedGateway({
      getProcess() {
        throw error;
      },
      // biome-ignore lint/correctness/useYield: it fails before its first message
      async *streamOutput() {
        throw error;
      },
    });
    return send(open, server.port, { path: `${PATH}${verb}` });
  }

  test("shows null for a message that is unset, and leaves out what is optional", async () => {
    server = await startScriptedGateway({
      getProcess: () => ({}),
      listProcesses: () => ({
        processes: [
          { createTime: timestampFromMs(1_500_000_000_001) },
          { createTime: { seconds: 1_500_000_000n, nanos: 1 } },
          {},
        ],
      }),
    });
    const single = await send(open, server.port, { path: PATH });
    expect(single.text).toBe('{"process":null}');
    const list = await send(open, server.port, { path: PATH.slice(0, -"/p".length) });
    const empty = {
      name: "",
      command: "",
      args: [],
      workingDirectory: "",
      environmentVariables: {},
      secretEnvironmentVariables: {},
      state: "STATE_UNSPECIFIED",
    };
    expect(list.json()).toEqual({
      processes: [
        { ...empty, createTime: "2017-07-14T02:40:00.001Z" },
        { ...empty, createTime: "2017-07-14T02:40:00.000000001Z" },
        { ...empty, createTime: null },
      ],
      nextPageToken: "",
    });
  });

  test("shows the number of an enum value that it does not know", async () => {
    server = await startScriptedGateway({
      readOutputFrames: () => ({ frames: [{ stream: 77 as OutputStream }] }),
    });
    const { json } = await send(open, server.port, { path: `${PATH}:readOutputFrames` });
    expect(json()).toEqual({ frames: [{ stream: 77, data: "" }] });
  });

  test("of 20 MiB arrives whole", async () => {
    const data = Buffer.alloc(20 * 1024 * 1024, "0123456789");
    server = await startScriptedGateway({ readOutput: () => ({ data }) });
    const { text } = await send(open, server.port, { path: `${PATH}:readOutput` });
    expect(text).toBe(`{"data":"${data.toString("base64")}"}`);
  });

  test.each([
    [Code.Canceled, 499],
    [Code.Unknown, 500],
    [Code.InvalidArgument, 400],
    [Code.DeadlineExceeded, 504],
    [Code.NotFound, 404],
    [Code.AlreadyExists, 409],
    [Code.PermissionDenied, 403],
    [Code.ResourceExhausted, 429],
    [Code.FailedPrecondition, 400],
    [Code.Aborted, 409],
    [Code.OutOfRange, 400],
    [Code.Unimplemented, 501],
    [Code.Internal, 500],
    [Code.Unavailable, 503],
    [Code.DataLoss, 500],
    [Code.Unauthenticated, 401],
  ])("to code %i has HTTP status %i, for a stream too", async (code, status) => {
    const error = new ConnectError("told so", code);
    const expected = { code, message: "told so", details: [] };
    const unary = await failing(error);
    expect(unary.status).toBe(status);
    expect(unary.json()).toEqual(expected);
    await server.stop();
    const stream = await failing(error, ":streamOutput");
    expect(stream.status).toBe(status);
    expect(stream.text).toBe(`${JSON.stringify({ error: expected })}\n`);
  });

  test.each([":streamOutput", ""])("does not show what broke inside (%s)", async (verb) => {
    const { status, text } = await failing(new Error("a secret"), verb);
    expect(status).toBe(500);
    expect(text).not.toContain("a secret");
    expect(text).toContain('"code":13');
  });

  test("shows details with their types and fields", async () => {
    const error = new ConnectError("told so", Code.Aborted, undefined, [
      { desc: DurationSchema, value: create(DurationSchema, { seconds: 3n }) },
      { desc: StringValueSchema, value: create(StringValueSchema, { value: "why" }) },
    ]);
    expect((await failing(error)).json()).toMatchObject({
      details: [
        { "@type": "type.googleapis.com/google.protobuf.Duration", value: "3s" },
        { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "why" },
      ],
    });
  });

  test("shows details with a JSON of their own as a value, which cannot tell another type", async () => {
    const evil = { "@type": { kind: { case: "stringValue", value: "evil" } } } as const;
    const error = new ConnectError("told so", Code.Aborted, undefined, [
      { desc: StructSchema, value: create(StructSchema, { fields: evil }) },
      { desc: EmptySchema, value: create(EmptySchema) },
      { desc: OutputFrameSchema, value: create(OutputFrameSchema, { data: Uint8Array.of(255) }) },
    ]);
    expect((await failing(error)).json()).toMatchObject({
      details: [
        { "@type": "type.googleapis.com/google.protobuf.Struct", value: { "@type": "evil" } },
        { "@type": "type.googleapis.com/google.protobuf.Empty", value: {} },
        { "@type": "type.googleapis.com/ai.h2o.engine.sandbox.v1.OutputFrame", data: "/w==" },
      ],
    });
  });

  test.each(["", ":streamOutput"])(
    "shows the bytes of a detail that has no JSON (%s)",
    async (verb) => {
      const error = new ConnectError("told so", Code.Aborted, undefined, [
        { desc: TimestampSchema, value: { seconds: 10n ** 15n } },
      ]);
      const { status, text } = await failing(error, verb);
      expect(status).toBe(409);
      expect(text).toContain('"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"CI');
    },
  );

  test("shows what is unset in details too", async () => {
    const error = new ConnectError("told so", Code.Aborted, undefined, [
      { desc: GetProcessResponseSchema, value: {} },
      { desc: ListProcessesResponseSchema, value: {} },
    ]);
    const type = "type.googleapis.com/ai.h2o.engine.sandbox.v1";
    expect((await failing(error)).json()).toMatchObject({
      details: [
        { "@type": `${type}.GetProcessResponse`, process: null },
        { "@type": `${type}.ListProcessesResponse`, processes: [], nextPageToken: "" },
      ],
    });
  });

  test("names in a header what a call without a token lacks, whatever the text", async () => {
    const error = new ConnectError("no\r\ntoken: é", Code.Unauthenticated);
    const { headers, json } = await failing(error);
    expect(headers["www-authenticate"]).toBe("no token:");
    expect(json()).toMatchObject({ message: "no\r\ntoken: é" });
  });

  test("carries the service's headers with the prefix Grpc-Metadata-", async () => {
    server = await startScriptedGateway({
      getProcess(_request, { responseHeader }) {
        responseHeader.set("x-region", "eu");
        return {};
      },
      async *streamOutput(_request, { responseHeader }) {
        responseHeader.set("x-region", "us");
        yield { data: Buffer.of(1) };
      },
    });
    const unary = await send(open, server.port, { path: PATH });
    const metadata = Object.entries(unary.headers).filter(([name]) => name.startsWith("grpc-"));
    expect(Object.fromEntries(metadata)).toEqual({
      "grpc-metadata-content-type": "application/grpc",
      "grpc-metadata-x-region": "eu",
    });
    const stream = await send(open, server.port, { path: `${PATH}:streamOutput` });
    expect(stream.headers).toMatchObject({ "grpc-metadata-x-region": "us" });
  });

  test("carries the headers of an error, such as when to call again", async () => {
    const metadata = { "retry-after": "7", "grpc-retry-pushback-ms": "7000", "grpc-message": "x" };
    const { headers } = await failing(new ConnectError("later", Code.Unavailable, metadata));
    expect(headers).toMatchObject({
      "grpc-metadata-retry-after": "7",
      "grpc-metadata-grpc-retry-pushback-ms": "7000",
    });
    expect(headers).not.toHaveProperty("grpc-metadata-grpc-message");
  });

  test.each(["", ":streamOutput"])(
    "is the service's whatever characters its headers have (%s)",
    async (verb) => {
      const error = new ConnectError("told so", Code.Aborted, { "x-text": "a\x01\x7féb" });
      const { status, headers } = await failing(error, verb);
      expect(status).toBe(409);
      expect(headers).toMatchObject({ "grpc-metadata-x-text": "a b" });
    },
  );

  test("to what the gateway refuses itself has no metadata of a service", async () => {
    server = await startScriptedGateway({});
    const { headers } = await send(open, server.port, { path: `/v1/${NAME}/x` });
    expect(headers).not.toHaveProperty("grpc-metadata-content-type");
  });
});
