import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { ProcessService } from "../../../src/gen.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { collect } from "../../support/collect.js";
import { createGrpcJsTransport } from "../../support/grpc-js/grpc-js-transport.js";
import { rejection } from "../../support/rejection.js";
import { root } from "../../support/run-tool.js";
import { PROTOCOLS } from "../server/protocols.js";

const SERVICE_FILE = "ai/h2o/engine/sandbox/v1/process_service.proto";
const SERVICES = [
  "ai.h2o.engine.sandbox.v1.ProcessService",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

type Question = ServerReflectionRequest["messageRequest"];
type Answer = ServerReflectionResponse;

async function* asked(questions: readonly Question[]) {
  for (const messageRequest of questions) {
    yield { host: "a host", messageRequest };
  }
}

type Ask = (transport: Transport, ...questions: Question[]) => Promise<Answer[]>;

const ask: Ask = (transport, ...questions) =>
  collect(createClient(ServerReflection, transport).serverReflectionInfo(asked(questions)));

const askAlpha: Ask = (transport, ...questions) =>
  // @ts-expect-error: the messages have other names, and the same fields.
  collect(createClient(ServerReflectionAlpha, transport).serverReflectionInfo(asked(questions)));

const VERSIONS: [name: string, ask: Ask][] = [
  ["v1", ask],
  ["v1alpha", askAlpha],
];

async function start(): Promise<{ stub: StubServer; transport: Transport }> {
  const stub = await startStubServer();
  onTestFinished(() => stub.close());
  const transport = createGrpcJsTransport(`127.0.0.1:${stub.port}`);
  onTestFinished(() => transport.close());
  return { stub, transport };
}

/** The files that each answer has. */
function filesIn(answers: readonly Answer[]): FileDescriptorProto[][] {
  return answers.map(({ messageResponse: { case: kind, value } }) => {
    expect(kind).toBe("fileDescriptorResponse");
    return kind === "fileDescriptorResponse"
      ? value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
      : [];
  });
}

const namesOf = (files: readonly FileDescriptorProto[] | undefined) =>
  files?.map(({ name }) => name);

test.each(VERSIONS)("%s of grpc-js tells the services, without a token", async (_name, askIt) => {
  const { transport } = await start();
  const [answer] = await askIt(transport, { case: "listServices", value: "" });
  expect(answer?.validHost).toBe("a host");
  expect(answer?.originalRequest).toMatchObject({ host: "a host" });
  const { case: kind, value } = answer?.messageResponse ?? {};
  expect(kind).toBe("listServicesResponse");
  expect(value).toMatchObject({ service: SERVICES.map((name) => ({ name })) });
});

test.each(VERSIONS)("%s tells a service's file with all that it imports", async (_name, askIt) => {
  const { transport } = await start();
  const symbol = { case: "fileContainingSymbol", value: ProcessService.typeName } as const;
  const [files = []] = filesIn(await askIt(transport, symbol));
  expect(namesOf(files)?.[0]).toBe(SERVICE_FILE);
  expect(namesOf(files)).toContain("google/protobuf/descriptor.proto");
  // What a client does with it: it needs nothing else, in whatever order they come.
  const registry = createFileRegistry(files[0] ?? raise(), (name) =>
    files.find((file) => file.name === name),
  );
  const { methods } = registry.getService(ProcessService.typeName) ?? raise();
  expect(methods.map(({ name }) => name)).toEqual(ProcessService.methods.map(({ name }) => name));
});

test("sends a file that is imported once on a stream, and one that is asked for each time", async () => {
  const { transport } = await start();
  const [whole, process, again] = filesIn(
    await ask(
      transport,
      { case: "fileByFilename", value: SERVICE_FILE },
      { case: "fileByFilename", value: "ai/h2o/engine/sandbox/v1/process.proto" },
      { case: "fileContainingSymbol", value: ProcessService.typeName },
    ),
  );
  expect(new Set(namesOf(whole)).size).toBe(whole?.length);
  expect(whole?.length).toBeGreaterThan(5);
  expect(namesOf(process)).toEqual(["ai/h2o/engine/sandbox/v1/process.proto"]);
  expect(namesOf(again)).toEqual([SERVICE_FILE]);
  const [onAnother] = filesIn(
    await ask(transport, { case: "fileByFilename", value: SERVICE_FILE }),
  );
  expect(namesOf(onAnother)).toEqual(namesOf(whole));
});

test.each([
  ["a method", `${ProcessService.typeName}.GetProcess`, SERVICE_FILE],
  ["a field", "ai.h2o.engine.sandbox.v1.Process.command", "ai/h2o/engine/sandbox/v1/process.proto"],
  [
    "a value, which stands beside its enum",
    "ai.h2o.engine.sandbox.v1.Process.STATE_RUNNING",
    "ai/h2o/engine/sandbox/v1/process.proto",
  ],
  ["an extension", "google.api.http", "google/api/annotations.proto"],
  ["a oneof", "google.api.HttpRule.pattern", "google/api/http.proto"],
  ["one of its own messages", "grpc.health.v1.HealthCheckRequest", "grpc/health/v1/health.proto"],
])("finds the file of %s", async (_title, value, file) => {
  const { transport } = await start();
  const [files] = filesIn(await ask(transport, { case: "fileContainingSymbol", value }));
  expect(namesOf(files)?.[0]).toBe(file);
});

test("tells extensions by their message", async () => {
  const { transport } = await start();
  const message = "google.protobuf.MethodOptions";
  const [numbers, none, file] = await ask(
    transport,
    { case: "allExtensionNumbersOfType", value: message },
    { case: "allExtensionNumbersOfType", value: "ai.h2o.engine.sandbox.v1.Process" },
    {
      case: "fileContainingExtension",
      value: {
        $typeName: "grpc.reflection.v1.ExtensionRequest",
        containingType: message,
        extensionNumber: 72_295_728,
      },
    },
  );
  expect(numbers?.messageResponse).toMatchObject({
    case: "allExtensionNumbersResponse",
    // method_signature and http.
    value: { baseTypeName: message, extensionNumber: [1051, 72_295_728] },
  });
  expect(none?.messageResponse).toMatchObject({
    case: "allExtensionNumbersResponse",
    value: { extensionNumber: [] },
  });
  expect(namesOf(filesIn(file ? [file] : [])[0])?.[0]).toBe("google/api/annotations.proto");
});

test("tells what it does not have, and goes on", async () => {
  const { transport } = await start();
  const answers = await ask(
    transport,
    { case: "fileByFilename", value: "no.proto" },
    { case: "fileContainingSymbol", value: "no.Symbol" },
    { case: "allExtensionNumbersOfType", value: "no.Message" },
    { case: "allExtensionNumbersOfType", value: ProcessService.typeName },
    {
      case: "fileContainingExtension",
      value: {
        $typeName: "grpc.reflection.v1.ExtensionRequest",
        containingType: "google.protobuf.MethodOptions",
        extensionNumber: 1,
      },
    },
    { case: "listServices", value: "" },
  );
  const errors = answers.slice(0, -1).map(({ messageResponse }) => messageResponse);
  for (const error of errors) {
    expect(error).toMatchObject({ case: "errorResponse", value: { errorCode: Code.NotFound } });
  }
  expect(errors[1]?.value).toMatchObject({ errorMessage: 'there is no symbol "no.Symbol"' });
  expect(answers.at(-1)?.messageResponse.case).toBe("listServicesResponse");
});

test("refuses a question that is none", async () => {
  const { transport } = await start();
  expect(await rejection(ask(transport, { case: undefined }))).toMatchObject({
    code: Code.InvalidArgument,
  });
});

test.each(PROTOCOLS.filter(([name]) => name.includes("HTTP/2")))(
  "answers over %s, each question before the next one",
  async (_name, make) => {
    const { stub } = await start();
    const { transport, close } = make(stub.url);
    onTestFinished(close);
    let resolve = () => {};
    const isAnswered = new Promise<void>((done) => {
      resolve = done;
    });
    async function* questions() {
      yield* asked([{ case: "listServices", value: "" }]);
      await isAnswered;
      yield* asked([{ case: "fileByFilename", value: SERVICE_FILE }]);
    }
    const kinds: unknown[] = [];
    const client = createClient(ServerReflection, transport);
    for await (const { messageResponse } of client.serverReflectionInfo(questions())) {
      kinds.push(messageResponse.case);
      resolve();
    }
    expect(kinds).toEqual(["listServicesResponse", "fileDescriptorResponse"]);
  },
);

test("lets a tool that knows nothing of the contract call it", async () => {
  const { stub } = await start();
  const curl = async (...args: string[]) =>
    (await promisify(execFile)(join(root, "node_modules/.bin/buf"), ["curl", ...args])).stdout;
  const methods = await curl("--list-methods", stub.url);
  expect(methods.split("\n")).toContain(`${ProcessService.typeName}/WaitProcess`);
  const answer = await curl(
    ...["--protocol", "grpc", "--header", `authorization: Bearer ${stub.token}`],
    ...["--data", JSON.stringify({ parent: stub.parent, process: { command: "true" } })],
    `${stub.url}/${ProcessService.typeName}/CreateProcess`,
  );
  expect(JSON.parse(answer)).toMatchObject({
    process: { command: "true", state: "STATE_PENDING" },
  });
});

test("can be struck by faults, which no other method counts", async () => {
  const { stub, transport } = await start();
  stub.faults.add({ method: "*", nth: "every", fault: "status", code: Code.Aborted });
  const fault = stub.faults.add({
    method: "ServerReflectionInfo",
    fault: "status",
    code: Code.Unimplemented,
  });
  const question = { case: "listServices", value: "" } as const;
  expect(await rejection(ask(transport, question))).toMatchObject({ code: Code.Unimplemented });
  expect(await ask(transport, question)).toHaveLength(1);
  expect(fault.fired).toBe(1);
  expect(stub.faults.calls("ServerReflectionInfo")).toBe(2);
  expect(stub.faults.calls("*")).toBe(0);
  stub.faults.add({ method: "ServerReflectionInfo", fault: "no-trailers" });
  expect(await rejection(ask(transport, question))).toBeInstanceOf(ConnectError);
});

function raise(): never {
  throw new Error("it is not there");
}
