import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type DescriptorProto, FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import {
  OutputStream,
  Process_State as State,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  GetProcessResponseSchema,
  ProcessService,
  ReadOutputRequestSchema,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { contractOfSet } from "../../src/contract/contract.js";
import { reversed, setWith } from "../support/renumbered-set.js";

const process = {
  name: "workspaces/w/sandboxEngines/e/processes/p",
  command: "sh",
  args: ["-c", "true"],
  environmentVariables: { A: "1", B: "2" },
  secretEnvironmentVariables: { S: { secretVersion: "workspaces/w/secrets/s/versions/1" } },
  state: State.FAILED,
  exitCode: 4,
  endTime: { seconds: 7n, nanos: 8 },
};

describe("a contract from a server's descriptors", () => {
  test("that are ours changes nothing", () => {
    const contract = contractOfSet(setWith({}));
    expect(contract).toMatchObject({ adapted: undefined, gaps: [] });
    const message = create(GetProcessResponseSchema, { process });
    const { output } = contract.method(ProcessService.method.getProcess).descriptor;
    expect(toBinary(output, message)).toEqual(toBinary(GetProcessResponseSchema, message));
  });

  test("with all numbers reversed carries every field, and gives it back", () => {
    const contract = contractOfSet(setWith(reversed));
    expect(contract.gaps).toEqual([]);
    expect(contract.adapted).toContain("Process");
    const { descriptor, response } = contract.method(ProcessService.method.getProcess);
    const { output } = descriptor;
    const message = create(GetProcessResponseSchema, { process });
    const bytes = toBinary(output, contract.toTheirs(GetProcessResponseSchema, message));
    expect(message.process?.state).toBe(State.FAILED);
    expect(bytes).not.toEqual(toBinary(GetProcessResponseSchema, message));
    expect(response(fromBinary(output, bytes))).toEqual(message);
  });

  test("reads an enum value that is not set as the server means it", () => {
    const contract = contractOfSet(setWith({ enum: reversed.enum }));
    const { descriptor, response } = contract.method(ProcessService.method.getProcess);
    const { output } = descriptor;
    const bytes = toBinary(output, create(output, { process: { name: "p" } }));
    expect(response(fromBinary(output, bytes)).process?.state).toBe(State.FAILED);
  });

  test("reads an enum value without a name of ours as unspecified", () => {
    const named = contractOfSet(
      setWith({
        enum({ name, value }) {
          const [first] = value.filter(({ name: each }) => each === "STATE_RUNNING");
          if (name === "State" && first) {
            first.name = "STATE_PAUSED";
          }
        },
      }),
    );
    const { descriptor, response } = named.method(ProcessService.method.getProcess);
    const { output } = descriptor;
    const bytes = toBinary(output, create(output, { process: { state: 2 } }));
    expect(response(fromBinary(output, bytes)).process?.state).toBe(State.UNSPECIFIED);
    expect(named.gaps).toEqual([
      "the server's contract has no value STATE_RUNNING in ai.h2o.engine.sandbox.v1.Process.State",
    ]);
  });

  test("takes the package of the server for the path, and keeps the types of messages", () => {
    const contract = contractOfSet(setWith({ package: "com.example.box" }));
    const { path, descriptor } = contract.method(ProcessService.method.getProcess);
    const { output } = descriptor;
    expect(path).toBe("/com.example.box.ProcessService/GetProcess");
    expect(output.typeName).toBe(GetProcessResponseSchema.typeName);
    expect(contract.service.typeName).toBe("com.example.box.ProcessService");
  });

  test.each<[what: string, change: (field: DescriptorProto["field"][number]) => void, why: RegExp]>(
    [
      [
        "another type",
        (field) => (field.type = Type.STRING),
        /exit_code of Process is int32 here, and string/,
      ],
      [
        "a list",
        (field) => (field.label = 3),
        /exit_code of Process is int32 here, and repeated int32/,
      ],
      [
        "the number of another field",
        (field) => (field.number = 1),
        /has the number 1 in the server's contract, as /,
      ],
      [
        "a number that none can have",
        (field) => (field.number = 19_000),
        /has the number 19000 .* no field can have/,
      ],
      [
        "a number that is too large",
        (field) => (field.number = 2 ** 29),
        /has the number 536870912/,
      ],
    ],
  )("refuses a call that needs a field with %s", (_, change, why) => {
    const contract = contractOfSet(
      setWith({
        message: ({ name, field }) =>
          field.filter((each) => name === "Process" && each.name === "exit_code").forEach(change),
      }),
    );
    const get = contract.method(ProcessService.method.getProcess);
    expect(() => get.request(create(get.descriptor.input))).toThrow(why);
    const read = contract.method(ProcessService.method.readOutput);
    const request = create(ReadOutputRequestSchema, { outputStream: OutputStream.STDOUT });
    expect(read.request(request)).toBe(request);
    expect(contract.gaps.length).toBeGreaterThan(0);
  });

  test("refuses a call that needs an enum with one number for two values of ours", () => {
    const contract = contractOfSet(
      setWith({
        enum({ name, value }) {
          for (const each of value.filter(() => name === "State")) {
            each.number = each.name === "STATE_FAILED" ? 3 : each.number;
          }
        },
      }),
    );
    const get = contract.method(ProcessService.method.getProcess);
    expect(() => get.request(create(get.descriptor.input))).toThrow(
      /state of Process cannot be read: STATE_SUCCEEDED and STATE_FAILED have the same number 3/,
    );
  });

  test("refuses a request only where it has what the server does not know", () => {
    const contract = contractOfSet(
      setWith({
        message(message) {
          message.field = message.field.filter(({ name }) => name !== "skip_replay");
        },
        enum(each) {
          each.value = each.value.filter(({ name }) => name !== "OUTPUT_STREAM_COMBINED");
        },
      }),
    );
    const stream = contract.method(ProcessService.method.streamOutput);
    expect(stream.request(create(stream.descriptor.input, { name: "p" }))).toBeDefined();
    expect(() => stream.request(create(stream.descriptor.input, { skipReplay: true }))).toThrow(
      /no field skip_replay in ai\.h2o\.engine\.sandbox\.v1\.StreamOutputRequest/,
    );
    const read = contract.method(ProcessService.method.readOutput);
    const combined = create(read.descriptor.input, { outputStream: OutputStream.COMBINED });
    expect(() => read.request(combined)).toThrow(/no OUTPUT_STREAM_COMBINED/);
  });

  test.each([
    ["StreamOutputResponse", "data", ProcessService.method.streamOutput],
    ["ReadOutputResponse", "data", ProcessService.method.readOutput],
    ["OutputFrame", "stream", ProcessService.method.readOutputFrames],
    ["ListProcessesResponse", "processes", ProcessService.method.listProcesses],
    ["ListProcessesResponse", "next_page_token", ProcessService.method.listProcesses],
    ["Process", "state", ProcessService.method.getProcess],
  ] as const)("refuses a call whose answer has no %s.%s there", (message, missing, method) => {
    const numbered = contractOfSet(without(message, missing)).method(method);
    expect(() => numbered.request(create(numbered.descriptor.input))).toThrow(
      `no field ${missing} in ai.h2o.engine.sandbox.v1.${message}`,
    );
  });

  test.each([
    ["Process", "exit_code"],
    ["SecretEnvironmentVariable", "secret_version"],
  ])("reads a process of a server that has no %s.%s", (message, missing) => {
    const { request, descriptor } = contractOfSet(without(message, missing)).method(
      ProcessService.method.getProcess,
    );
    expect(request(create(descriptor.input))).toBeDefined();
  });

  test.each([
    ["bytes that are none", Uint8Array.of(255, 255), /must be a google.protobuf.FileDescriptorSet/],
    ["an empty set", new Uint8Array(), /must have one service ProcessService, but has none/],
  ])("is refused for %s", (_, bytes, why) => {
    expect(() => contractOfSet(bytes)).toThrow(why);
  });
});

function without(message: string, missing: string): Uint8Array {
  return setWith({
    message(each) {
      each.field = each.field.filter(({ name }) => each.name !== message || name !== missing);
    },
  });
}
