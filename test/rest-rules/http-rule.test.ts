import { createFileRegistry, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";

import { ProcessService } from "../../src/gen.js";
import { HttpRuleError, readHttpRule } from "../../src/rest-rules/http-rule.js";
import { field, testMethod } from "./support/descriptors.js";

const NAME = field("name", 1, "string");
const INNER = { name: "Inner", field: [field("text", 1, "string"), field("number", 2, "int32")] };

describe("readHttpRule", () => {
  test.each([
    ["createProcess", "POST", undefined, "field", ["process_id", "auto_run"]],
    ["startProcess", "POST", "start", "message", []],
    ["getProcess", "GET", undefined, "none", []],
    ["listProcesses", "GET", undefined, "none", ["page_size", "page_token", "filter"]],
    ["sendSignal", "POST", "sendSignal", "message", []],
    ["waitProcess", "POST", "wait", "message", []],
    ["readOutput", "GET", "readOutput", "none", ["output_stream"]],
    ["readOutputFrames", "GET", "readOutputFrames", "none", []],
    ["streamOutput", "GET", "streamOutput", "none", ["skip_replay"]],
  ] as const)("reads the rule of %s", (name, method, verb, body, query) => {
    const rule = readHttpRule(ProcessService.method[name]);
    expect(rule).toMatchObject({ method, template: { verb }, body: { kind: body } });
    expect([...rule.query.keys()]).toEqual(query);
    expect(rule.variables.map((variable) => variable.name)).toEqual([
      name.endsWith("Processes") || name === "createProcess" ? "parent" : "name",
    ]);
  });

  test("reads every method of HTTP", () => {
    for (const method of ["get", "put", "post", "delete", "patch"]) {
      const rule = readHttpRule(testMethod({ [method]: "/v1/{name}" }, [NAME]));
      expect(rule.method).toBe(method.toUpperCase());
    }
  });

  test("leaves to the query what is neither in the path nor in the body, field by field", () => {
    const fields = [
      NAME,
      field("inner", 2, ".test.Inner"),
      field("other", 3, ".test.Inner"),
      field("tags", 4, "string", { repeated: true }),
      field("mask", 5, ".google.protobuf.FieldMask"),
      field("nothing", 6, ".google.protobuf.Empty"),
    ];
    const rpc = testMethod({ patch: "/v1/{inner.text}", body: "other" }, fields, {
      messageType: [INNER],
    });
    expect([...readHttpRule(rpc).query.keys()]).toEqual(["name", "inner.number", "tags", "mask"]);
  });

  const refused: [string, JsonObject | undefined, JsonObject[], JsonObject?][] = [
    ["no rule", undefined, []],
    ["an empty rule", {}, []],
    ["a method of its own", { custom: { kind: "HEAD", path: "/v1" } }, []],
    ["additional bindings", { get: "/v1", additionalBindings: [{ get: "/v2" }] }, []],
    ["a response body", { get: "/v1", responseBody: "name" }, [NAME]],
    ["**", { get: "/v1/{name=**}" }, [NAME]],
    ["* outside a variable", { get: "/v1/*" }, []],
    ["a variable that is no field", { get: "/v1/{other}" }, [NAME]],
    [
      "a variable by its name in JSON",
      { get: "/v1/{processId}" },
      [field("process_id", 1, "string")],
    ],
    [
      "a variable that repeats",
      { get: "/v1/{name}" },
      [field("name", 1, "string", { repeated: true })],
    ],
    ["a variable that is a message", { get: "/v1/{name}" }, [field("name", 1, ".test.Inner")]],
    ["a variable below a scalar", { get: "/v1/{name.text}" }, [NAME]],
    [
      "a variable inside a well-known type",
      { get: "/v1/{name.value}" },
      [field("name", 1, ".google.protobuf.StringValue")],
    ],
    ["a body that is no field", { post: "/v1", body: "other" }, [NAME]],
    ["a body below a field", { post: "/v1", body: "name.text" }, [field("name", 1, ".test.Inner")]],
    ["a body of GET", { get: "/v1", body: "*" }, []],
    [
      "messages that repeat in the query",
      { get: "/v1" },
      [field("name", 1, ".test.Inner", { repeated: true })],
    ],
    [
      "a message that contains itself in the query",
      { get: "/v1" },
      [field("self", 1, ".test.Request")],
    ],
    ["a Struct in the query", { get: "/v1" }, [field("any", 1, ".google.protobuf.Struct")]],
    ["a client's stream", { post: "/v1", body: "*" }, [], { clientStreaming: true }],
    ["two streams", { post: "/v1" }, [], { clientStreaming: true, serverStreaming: true }],
  ];

  test.each(refused)("refuses %s, and names the RPC", (_title, rule, fields, streams = {}) => {
    const rpc = testMethod(rule, fields, { messageType: [INNER], method: streams });
    expect(() => readHttpRule(rpc)).toThrow(HttpRuleError);
    expect(() => readHttpRule(rpc)).toThrow("google.api.http of test.Service.Call: ");
  });

  test.each(["inputType", "outputType"])("refuses google.api.HttpBody as its %s", (type) => {
    const file = fromJson(FileDescriptorProtoSchema, {
      name: "httpbody.proto",
      package: "google.api",
      syntax: "proto3",
      messageType: [{ name: "HttpBody" }],
    });
    const body = createFileRegistry(file, () => undefined).getMessage("google.api.HttpBody");
    const rpc = { ...testMethod({ post: "/v1", body: "*" }, []), [type.slice(0, -4)]: body };
    expect(() => readHttpRule(rpc)).toThrow("google.api.HttpBody, which is not JSON");
  });

  test("refuses a map in the query", () => {
    const labels = field("labels", 1, ".test.Request.LabelsEntry", { repeated: true });
    const entry = {
      name: "LabelsEntry",
      field: [field("key", 1, "string"), field("value", 2, "string")],
      options: { mapEntry: true },
    };
    const rpc = testMethod({ get: "/v1" }, [labels], { nestedType: [entry] });
    expect(() => readHttpRule(rpc)).toThrow("no query can carry the field labels");
  });
});
