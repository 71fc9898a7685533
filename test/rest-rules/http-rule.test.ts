import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";

import { ProcessService } from "../../src/gen.js";
import { HttpRuleError, readHttpRule } from "../../src/rest-rules/http-rule.js";
import { field, testMethod } from "./support/descriptors.js";

const NAME = field("name", 1, "string");
const IN_ONEOF = { more: { oneofIndex: 0 } };
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
    expect(rule.query.map((field) => field.name)).toEqual(query);
    expect(rule.variables.map((variable) => variable.name)).toEqual([
      name.endsWith("Processes") || name === "createProcess" ? "parent" : "name",
    ]);
  });

  const refused: [string, JsonObject | undefined, JsonObject[], JsonObject?][] = [
    ["no rule", undefined, []],
    ["an empty rule", {}, []],
    ["a method besides GET and POST", { put: "/v1" }, []],
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
    ["a variable below a field", { get: "/v1/{name.text}" }, [field("name", 1, ".test.Inner")]],
    ["a body that is no field", { post: "/v1", body: "other" }, [NAME]],
    ["a body below a field", { post: "/v1", body: "name.text" }, [field("name", 1, ".test.Inner")]],
    ["a body of GET", { get: "/v1", body: "*" }, []],
    ["a message in the query", { get: "/v1" }, [field("name", 1, ".test.Inner")]],
    ["a list in the query", { get: "/v1" }, [field("names", 1, "string", { repeated: true })]],
    ["a oneof in the query", { get: "/v1" }, [field("one", 1, "string", IN_ONEOF)]],
    ["a wrapper in the query", { get: "/v1" }, [field("any", 1, ".google.protobuf.BoolValue")]],
    ["a FieldMask in the query", { get: "/v1" }, [field("any", 1, ".google.protobuf.FieldMask")]],
    ["a 64-bit number in the query", { get: "/v1" }, [field("number", 1, "int64")]],
    ["bytes in the path", { get: "/v1/{name}" }, [field("name", 1, "bytes")]],
    ["a client's stream", { post: "/v1", body: "*" }, [], { clientStreaming: true }],
    ["two streams", { post: "/v1" }, [], { clientStreaming: true, serverStreaming: true }],
  ];

  test.each(refused)("refuses %s, and names the RPC", (_title, rule, fields, streams = {}) => {
    const rpc = testMethod(rule, fields, {
      messageType: [INNER],
      oneofDecl: fields.some((one) => "oneofIndex" in one) ? [{ name: "choice" }] : [],
      method: streams,
    });
    expect(() => readHttpRule(rpc)).toThrow(HttpRuleError);
    expect(() => readHttpRule(rpc)).toThrow("google.api.http of test.Service.Call: ");
  });

  test("refuses a map in the query", () => {
    const labels = field("labels", 1, ".test.Request.LabelsEntry", { repeated: true });
    const entry = {
      name: "LabelsEntry",
      field: [field("key", 1, "string"), field("value", 2, "string")],
      options: { mapEntry: true },
    };
    const rpc = testMethod({ get: "/v1" }, [labels], { nestedType: [entry] });
    expect(() => readHttpRule(rpc)).toThrow("the field labels would be in the query, and is not ");
  });
});
