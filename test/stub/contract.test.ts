import {
  createFileRegistry,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ProcessService } from "../../src/gen.js";
import { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { authorized } from "../contract/targets/requests.js";
import { createGrpcJsTransport } from "../support/grpc-js/grpc-js-transport.js";
import { rejection } from "../support/rejection.js";
import { reversed, setWith } from "../support/renumbered-set.js";
import { PROTOCOLS, type TestTransport } from "./server/protocols.js";

const OTHER_SERVICE = "com.example.box.v9.ProcessService";

const GRPC_JS = [
  "gRPC of grpc-js",
  (url: string): TestTransport => {
    const transport = createGrpcJsTransport(new URL(url).host);
    return { transport, close: () => transport.close() };
  },
] as const;

describe("a stub server with another contract", () => {
  let stub: StubServer;
  let service: DescService;

  beforeAll(async () => {
    const contract = setWith({ ...reversed, package: "com.example.box.v9" });
    stub = await startStubServer({ contract });
    service = await reflectedService(stub);
  });
  afterAll(() => stub.close());

  test("tells it by reflection, without ours", () => {
    expect(service.typeName).toBe(OTHER_SERVICE);
    const { process: field } = service.method["getProcess"]?.output.field ?? {};
    const numbers = field?.message?.fields.map(({ number }) => number) ?? [];
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    expect(numbers.length).toBeGreaterThan(5);
  });

  test.each([...PROTOCOLS, GRPC_JS])("speaks it over %s", async (_name, make) => {
    const { transport, close } = make(stub.url);
    onTestFinished(close);
    const call = caller(service, authorized(transport, stub.token));
    const command = { command: "/bin/sh", args: ["-c", "printf out; printf err >&2; exit 4"] };
    const { parent } = stub;
    const created = await call("createProcess", { parent, process: command, autoRun: true });
    const { name } = objectIn(created, "process");
    const ended = objectIn(await call("waitProcess", { name: String(name) }), "process");
    expect(ended).toMatchObject({ ...command, state: "STATE_FAILED", exitCode: 4 });
    const request = { name: String(name), outputStream: "OUTPUT_STREAM_STDERR" };
    const { data } = objectIn(await call("readOutput", request));
    expect(Buffer.from(String(data), "base64").toString()).toBe("err");
    const streamed = await call("streamOutput", { name: String(name) });
    expect(streamed).toContainEqual({
      stream: "OUTPUT_STREAM_STDOUT",
      data: Buffer.from("out").toString("base64"),
    });
  });

  test("does not have the service under our name, and tells its health under its own", async () => {
    const transport = createGrpcJsTransport(`127.0.0.1:${stub.port}`);
    onTestFinished(() => transport.close());
    const health = createClient(Health, transport);
    expect(Object.keys((await health.list({})).statuses)).toContain(OTHER_SERVICE);
    expect(await rejection(health.check({ service: ProcessService.typeName }))).toMatchObject({
      code: Code.NotFound,
    });
    const client = createClient(ProcessService, authorized(transport, stub.token));
    expect(await rejection(client.listProcesses({ parent: stub.parent }))).toMatchObject({
      code: Code.Unimplemented,
    });
  });

  test.each(["grpc", "connect"] as const)(
    "vouches for it in its connection (%s)",
    async (protocol) => {
      const client = new ProcessClient(stub.connection, { protocol });
      onTestFinished(() => client.close());
      stub.faults.clear();
      const command = { command: "/bin/sh", args: ["-c", "printf out; printf err >&2; exit 4"] };
      const { stdout, stderr, process } = await client.runProcess(stub.parent, command);
      expect([stdout.text(), stderr.text()]).toEqual(["out", "err"]);
      expect(process).toMatchObject({ state: "STATE_FAILED", exitCode: 4 });
      expect(stub.faults.calls("ServerReflectionInfo")).toBe(0);
    },
  );

  test("tells it to a client that asks for it", async () => {
    const { aiemUrl, tokenProvider } = stub.connection;
    const asking = { aiemUrl, tokenProvider, contract: "reflection" } as const;
    const client = new ProcessClient(asking, { protocol: "grpc" });
    onTestFinished(() => client.close());
    stub.faults.clear();
    const command = { command: "/bin/sh", args: ["-c", "printf err >&2; exit 4"] };
    const { stdout, stderr, exitCode } = await client.runProcess(stub.parent, command);
    expect([stdout.text(), stderr.text(), exitCode]).toEqual(["", "err", 4]);
    // For our name, for the services, and for the one that there is.
    expect(stub.faults.calls("ServerReflectionInfo")).toBe(3);
  });

  test("speaks REST as ever, and takes faults by the methods' names", async () => {
    const client = new ProcessClient(stub.connection, { protocol: "rest", retry: false });
    onTestFinished(() => client.close());
    stub.faults.add({ method: "ListProcesses", fault: "status", code: Code.ResourceExhausted });
    const list = () => client.listProcesses(stub.parent);
    expect(await rejection(list())).toMatchObject({ code: Code.ResourceExhausted });
    const { process, ok } = await client.runProcess(stub.parent, { command: "true" });
    expect(ok).toBe(true);
    expect((await list()).processes.map(({ name }) => name)).toContain(process.name);
  });
});

describe("the option contract", () => {
  test.each<[what: string, contract: unknown, why: RegExp]>([
    ["that is no bytes", "set.binpb", /^contract: must be the bytes of a FileDescriptorSet/],
    ["of bytes that are no set", Uint8Array.of(255, 255), /^contract: must be a google\.protobuf/],
    ["without the service", new Uint8Array(), /^contract: must have one service ProcessService/],
    [
      "without a field",
      setWith({
        message(message: DescriptorProto) {
          message.field = message.field.filter(({ name }) => name !== "skip_replay");
        },
      }),
      /^contract: .* no field skip_replay in .*StreamOutputRequest/,
    ],
    [
      "without a value",
      setWith({
        enum(each: EnumDescriptorProto) {
          each.value = each.value.filter(({ name }) => name !== "STATE_FAILED");
        },
      }),
      /^contract: .* no value STATE_FAILED in /,
    ],
  ])("refuses a set %s, before anything is listened to", async (_what, contract, why) => {
    // @ts-expect-error: what types refuse, callers in JavaScript can give.
    const refused = await rejection(startStubServer({ contract }));
    expect(refused).toBeInstanceOf(TypeError);
    expect(refused).toMatchObject({ message: expect.stringMatching(why) });
  });

  test("takes a set with our numbers", async () => {
    const stub = await startStubServer({ contract: Buffer.from(setWith({})) });
    onTestFinished(() => stub.close());
    const client = new ProcessClient(stub.connection, { protocol: "grpc" });
    onTestFinished(() => client.close());
    expect((await client.runProcess(stub.parent, { command: "true" })).ok).toBe(true);
  });
});

/** The service, as a client that knows nothing but its last name finds it. */
async function reflectedService(stub: StubServer): Promise<DescService> {
  const transport = createGrpcJsTransport(`127.0.0.1:${stub.port}`);
  const client = createClient(ServerReflection, transport);
  async function* questions() {
    yield { messageRequest: { case: "listServices", value: "" } } as const;
    yield { messageRequest: { case: "fileContainingSymbol", value: OTHER_SERVICE } } as const;
  }
  try {
    const answers: unknown[] = [];
    for await (const { messageResponse: answer } of client.serverReflectionInfo(questions())) {
      if (answer.case === "listServicesResponse") {
        answers.push(...answer.value.service.map(({ name }) => name));
      }
      if (answer.case === "fileDescriptorResponse") {
        expect(answers).toContain(OTHER_SERVICE);
        expect(answers).not.toContain(ProcessService.typeName);
        const files = answer.value.fileDescriptorProto.map((bytes) =>
          fromBinary(FileDescriptorProtoSchema, bytes),
        );
        const registry = createFileRegistry(files[0] ?? raise(), (name) =>
          files.find((file) => file.name === name),
        );
        return registry.getService(OTHER_SERVICE) ?? raise();
      }
    }
    return raise();
  } finally {
    transport.close();
  }
}

/** Calls methods by JSON, in which names are all that counts. */
function caller(service: DescService, transport: Transport) {
  return async (name: string, json: JsonObject): Promise<JsonValue> => {
    const method = service.method[name] ?? raise();
    const request = fromJson(method.input, json);
    if (isUnary(method)) {
      const { message } = await transport.unary(method, undefined, 30_000, undefined, request);
      return toJson(method.output, message, { alwaysEmitImplicit: true });
    }
    async function* one() {
      yield request;
    }
    if (!isServerStreaming(method)) {
      return raise();
    }
    const { message } = await transport.stream(method, undefined, 30_000, undefined, one());
    const items: JsonValue[] = [];
    for await (const item of message) {
      items.push(toJson(method.output, item, { alwaysEmitImplicit: true }));
    }
    return items;
  };
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isServerStreaming(method: DescMethod): method is DescMethodServerStreaming {
  return method.methodKind === "server_streaming";
}

function objectIn(value: JsonValue | undefined, ...path: string[]): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return raise();
  }
  const [first, ...rest] = path;
  return first === undefined ? value : objectIn(value[first], ...rest);
}

function raise(): never {
  throw new Error("it is not there");
}
