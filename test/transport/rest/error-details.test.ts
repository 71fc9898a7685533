import { createFileRegistry, createRegistry, fromJson } from "@bufbuild/protobuf";
import {
  DurationSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_duration,
} from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { PROCESS } from "../support/process-name.js";
import { answering, startEdge } from "./support/http-edge.js";

/** A part of google/rpc/error_details.proto, as a user's generated code has it. */
const rpc = createFileRegistry(
  fromJson(FileDescriptorProtoSchema, {
    name: "google/rpc/error_details.proto",
    package: "google.rpc",
    syntax: "proto3",
    dependency: ["google/protobuf/duration.proto"],
    messageType: [
      {
        name: "RetryInfo",
        field: [
          {
            name: "retry_delay",
            jsonName: "retryDelay",
            number: 1,
            label: "LABEL_OPTIONAL",
            type: "TYPE_MESSAGE",
            typeName: ".google.protobuf.Duration",
          },
        ],
      },
      {
        name: "ErrorInfo",
        field: [
          {
            name: "reason",
            jsonName: "reason",
            number: 1,
            label: "LABEL_OPTIONAL",
            type: "TYPE_STRING",
          },
        ],
      },
    ],
  }),
  () => file_google_protobuf_duration,
);
const TYPE = "type.googleapis.com/";
const DETAILS = [
  { "@type": `${TYPE}google.rpc.RetryInfo`, retryDelay: "1.500s" },
  { "@type": `${TYPE}google.rpc.ErrorInfo`, reason: "QUOTA", ofANewerServer: true },
  {
    "@type": `${TYPE}ai.h2o.engine.sandbox.v1.Process`,
    name: "p",
    createTime: "2026-01-02T03:04:05Z",
  },
  { "@type": `${TYPE}google.protobuf.Duration`, value: "3s" },
  { "@type": `${TYPE}google.protobuf.Duration`, value: "of another kind" },
  { "@type": "" },
  { reason: "no type" },
  "no object",
];

type Client = Awaited<ReturnType<typeof startEdge>>["client"];

/** The error of a call over REST. */
async function errorOf(call: (client: Client) => Promise<unknown>): Promise<ConnectError> {
  const { client } = await startEdge((request, response) => {
    const status = { code: 8, message: "too many", details: DETAILS };
    const streamed = request.url?.includes(":streamOutput");
    answering(streamed ? { error: status } : status, { status: 429 })(request, response);
  });
  const error: unknown = await call(client).catch((reason: unknown) => reason);
  if (!(error instanceof ConnectError)) {
    throw new Error("the call did not fail");
  }
  return error;
}

function message(name: string) {
  const schema = rpc.getMessage(name);
  if (!schema) {
    throw new Error(`there is no ${name}`);
  }
  return schema;
}

test.each([
  ["a short call", (client: Client) => client.getProcess({ name: PROCESS })],
  [
    "a stream",
    (client: Client) => client.streamOutput({ name: PROCESS })[Symbol.asyncIterator]().next(),
  ],
])("details of an error of %s are found by their schema", async (_, call) => {
  const error = await errorOf(call);
  expect(error.findDetails(message("google.rpc.RetryInfo"))).toMatchObject([
    { retryDelay: { seconds: 1n, nanos: 500_000_000 } },
  ]);
  expect(error.findDetails(message("google.rpc.ErrorInfo"))).toMatchObject([{ reason: "QUOTA" }]);
  expect(error.findDetails(ProcessSchema)).toMatchObject([
    { name: "p", createTime: { seconds: 1_767_323_045n } },
  ]);
  expect(error.findDetails(DurationSchema)).toMatchObject([{ seconds: 3n }]);
});

test("a registry finds those that it knows, in their order", async () => {
  const error = await errorOf((client) => client.getProcess({ name: PROCESS }));
  const registry = createRegistry(message("google.rpc.RetryInfo"), ProcessSchema);
  expect(error.findDetails(registry).map(({ $typeName }) => $typeName)).toEqual([
    "google.rpc.RetryInfo",
    "ai.h2o.engine.sandbox.v1.Process",
  ]);
  expect(error.findDetails(createRegistry())).toEqual([]);
  expect(error.findDetails(FileDescriptorSetSchema)).toEqual([]);
});

test("a detail whose schema nobody has is there as JSON, and a copy of it is no message", async () => {
  const error = await errorOf((client) => client.getProcess({ name: PROCESS }));
  expect(error.details.slice(0, 2)).toMatchObject([
    { type: "google.rpc.RetryInfo", debug: { retryDelay: "1.500s" } },
    { type: "google.rpc.ErrorInfo", debug: { reason: "QUOTA", ofANewerServer: true } },
  ]);
  const copy = new ConnectError("copy", error.code);
  copy.details = error.details;
  expect(copy.findDetails(ProcessSchema)).toEqual([]);
  expect(Object.keys(error)).not.toContain("findDetails");
});
