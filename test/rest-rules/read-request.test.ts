import { create, type JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";

import { OutputStream, ProcessService } from "../../src/gen.js";
import { FieldValueError } from "../../src/rest-rules/field-values.js";
import { readHttpRule } from "../../src/rest-rules/http-rule.js";
import { readRequest } from "../../src/rest-rules/request.js";
import { matchPath, splitPath } from "../../src/rest-rules/router.js";
import { field, testMethod } from "./support/descriptors.js";

const PARENT = "workspaces/w/sandboxEngines/e";
const NAME = `${PARENT}/processes/p`;

type Methods = typeof ProcessService.method;

function read(name: keyof Methods, query: string, body?: JsonValue) {
  const rule = readHttpRule(ProcessService.method[name]);
  const resource = rule.variables[0]?.name === "parent" ? `${PARENT}/processes` : NAME;
  const path = `/v1/${resource}${rule.template.verb ? `:${rule.template.verb}` : ""}`;
  const pathValues = matchPath(rule, splitPath(path) ?? []) ?? new Map();
  return readRequest(rule, { pathValues, query, body });
}

describe("readRequest", () => {
  test.each(["1", "t", "T", "true", "TRUE", "True"])("takes %s for true", (text) => {
    expect(read("streamOutput", `skipReplay=${text}`)).toMatchObject({ skipReplay: true });
  });

  test.each(["0", "f", "F", "false", "FALSE", "False"])("takes %s for false", (text) => {
    expect(read("streamOutput", `skipReplay=${text}`)).toMatchObject({ skipReplay: false });
  });

  test.each(["pageSize=7&pageToken=a%20b", "page_size=%2B7&page_token=a+b"])(
    "takes the names of the proto file and of JSON (%s)",
    (query) => {
      const expected = { pageSize: 7, pageToken: "a b", parent: PARENT };
      expect(read("listProcesses", query)).toMatchObject(expected);
    },
  );

  test.each(["OUTPUT_STREAM_STDERR", "2"])("takes %s for the value of an enum", (text) => {
    const { STDERR } = OutputStream;
    expect(read("readOutput", `output_stream=${text}`)).toMatchObject({ outputStream: STDERR });
  });

  test("takes empty values for text, and parameters without a value", () => {
    const expected = create(ProcessService.method.listProcesses.input, { parent: PARENT });
    expect(read("listProcesses", "pageToken=&filter&pageSize=0&&")).toEqual(expected);
  });

  test("keeps what follows the first equals sign", () => {
    const query = "filter=state%20=%20STATE_RUNNING";
    expect(read("listProcesses", query)).toMatchObject({ filter: "state = STATE_RUNNING" });
  });

  test.each([
    ["streamOutput", "skipReplay=maybe", "skip_replay"],
    ["streamOutput", "skipReplay=", "skip_replay"],
    ["readOutput", "outputStream=STDOUT", "output_stream"],
    ["readOutput", "outputStream=9", "output_stream"],
    ["readOutput", "outputStream=", "output_stream"],
    ["listProcesses", "pageSize=1.5", "page_size"],
    ["listProcesses", "pageSize=2147483648", "page_size"],
    ["listProcesses", `pageSize=${"9".repeat(100_000)}`, "page_size"],
    ["listProcesses", "pageSize=0x10", "page_size"],
    ["listProcesses", "pageSize=1&page_size=2", "page_size"],
  ] as const)("refuses %s?%s, and names the field", (rpc, query, name) => {
    expect(() => read(rpc, query)).toThrow(`parsing field "${name}": `);
    expect(() => read(rpc, query)).toThrow(FieldValueError);
  });

  test.each(["a=%", "%zz=1", "pageToken=%ff"])("refuses the malformed query %s", (query) => {
    expect(() => read("listProcesses", query)).toThrow(URIError);
  });

  test("ignores names that it does not know, and those of fields in the path and the body", () => {
    const query =
      "nope=1&__proto__=1&constructor=2&parent=x&name=x&process.command=x&process=x&page_size.x=1&.=1&=1&pageSize[0]=1";
    const body = { command: "ls", nope: 1 };
    expect(read("createProcess", query, body)).toEqual(
      create(ProcessService.method.createProcess.input, { parent: PARENT, process: body }),
    );
    expect(read("listProcesses", query)).toMatchObject({ parent: PARENT, pageSize: 0 });
  });

  test("takes what the path says before the body, and has no query besides a body of *", () => {
    const message = read("sendSignal", "signal=9&name=x", { name: "other", signal: 15 });
    expect(message).toMatchObject({ name: NAME, signal: 15 });
  });

  test("ignores the body of a rule that has none", () => {
    expect(read("getProcess", "", [1])).toEqual(
      create(ProcessService.method.getProcess.input, { name: NAME }),
    );
  });

  test.each<[string, JsonValue]>([
    ["signal", { signal: "many" }],
    ["signal", { signal: 1.5 }],
    ["signal", { signal: 2 ** 31 }],
    ["name", { name: 5 }],
    ["ai.h2o.engine.sandbox.v1.SendSignalRequest", "text"],
  ])("refuses a body that does not fit %s", (name, body) => {
    expect(() => read("sendSignal", "", body)).toThrow(`parsing field "${name}": `);
  });

  test("refuses what does not fit a variable of the path", () => {
    const rule = readHttpRule(testMethod({ get: "/v1/{number}" }, [field("number", 1, "int32")]));
    const readPath = (path: string) =>
      readRequest(rule, {
        pathValues: matchPath(rule, splitPath(path) ?? []) ?? new Map(),
        query: "",
        body: undefined,
      });
    expect(readPath("/v1/-7")).toMatchObject({ number: -7 });
    expect(() => readPath("/v1/seven")).toThrow('field "number": "seven" is no integer');
  });
});
