import { beforeAll, describe, expect, it } from "vitest";
import { HTTP2_ERROR_CODES } from "../../../src/model/http2-error-codes.js";
import { STATUS_NAMES } from "../../../src/model/status-names.js";
import { CONTROL_ROUTES } from "../../../src/stub/control/control-routes.js";
import { FAULT_METHODS } from "../../../src/stub/faults/stub-faults.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { readText } from "../../docs/documents.js";
import { entriesOf, resolve, violations } from "./json-schema.js";

const document: unknown = JSON.parse(readText("docs/stub-control.openapi.json"));
const at = (...path: string[]): unknown =>
  path.reduce<unknown>((part, key) => resolve(document, Object(part)[key]), document);
const json = (part: unknown): Record<string, unknown> =>
  Object(Object(resolve(document, part)["content"])["application/json"]);

interface Operation {
  readonly method: string;
  readonly path: string;
  /** The path with the examples of its parameters. */
  readonly target: string;
  readonly body: unknown;
  readonly requestSchema: unknown;
  readonly responses: Record<string, unknown>;
}

const METHODS = ["get", "put", "post", "delete", "patch"];
const operations: Operation[] = entriesOf(at("paths")).flatMap(([path, item]) => {
  const examples = new Map(
    entriesOf(Object(item)["parameters"]).map(([, parameter]): [string, string] => {
      const { name, example } = Object(parameter);
      return [String(name), String(example)];
    }),
  );
  return entriesOf(item)
    .filter(([method]) => METHODS.includes(method))
    .map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      target: path.replace(/\{(\w+)\}/g, (_, name) => examples.get(name) ?? ""),
      body: json(Object(operation)["requestBody"])["example"],
      requestSchema: json(Object(operation)["requestBody"])["schema"],
      responses: Object(Object(operation)["responses"]),
    }));
});
const faults = entriesOf(at("components", "schemas")).filter(([name]) =>
  /(?<!Injected)(?<=.)Fault$/.test(name),
);

describe("the OpenAPI document of the control API", () => {
  let stub: StubServer;
  beforeAll(async () => {
    stub = await startStubServer({ control: { token: "control" } });
    return () => stub.close();
  });

  const send = (method: string, path: string, body?: unknown, token = "control") =>
    fetch(`${stub.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it("has each route of the server, and no other", () => {
    const routes = CONTROL_ROUTES.map(({ method, path }) => `${method} ${path}`);
    const told = operations.map(({ method, path }) => {
      const template = path.replace(
        "workspaces/{workspace}/sandboxEngines/{engine}",
        "{name=workspaces/*/sandboxEngines/*}",
      );
      return `${method} ${template}`;
    });
    expect(told.sort()).toEqual(routes.sort());
  });

  it("names what there is to name", () => {
    const values = (...path: string[]) =>
      Object.values(Object(at("components", "schemas", ...path)));
    expect(values("FaultTarget", "properties", "method", "enum")).toEqual(["*", ...FAULT_METHODS]);
    expect(values("Calls", "required")).toEqual(["total", "methods"]);
    expect(
      Object.keys(
        Object(at("components", "schemas", "Calls", "properties", "methods", "properties")),
      ),
    ).toEqual([...FAULT_METHODS]);
    expect(values("RstStreamFault", "properties", "code", "enum")).toEqual([...HTTP2_ERROR_CODES]);
    const codes = Object(at("components", "schemas", "StatusFault", "properties", "code"));
    expect(codes.oneOf[0].enum).toEqual([...STATUS_NAMES]);
  });

  it.each(operations)("tells what $method $path answers", async (operation) => {
    const { method, target, body, requestSchema, responses } = operation;
    // So that there is an engine and a fault for those that need one.
    await send("PUT", "/_stub/v1/workspaces/w/sandboxEngines/e");
    await send("POST", "/_stub/v1/faults", { method: "*", fault: "delay", ms: 0 });
    const listed = Object(await (await send("GET", "/_stub/v1/faults")).json());
    const url = target.replace(/faults\/1$/, `faults/${listed.faults[0].id}`);
    if (requestSchema !== undefined) {
      expect(violations(document, requestSchema, body)).toEqual([]);
    }
    const answer = await send(method, url, body);
    expect(answer.status).toBe(200);
    const { schema, example } = json(responses["200"]);
    expect(violations(document, schema, await answer.json())).toEqual([]);
    expect(violations(document, schema, example)).toEqual([]);
  });

  it.each(operations)("tells how $method $path refuses", async ({ method, target, responses }) => {
    const refused = await send(method, target, undefined, "another");
    expect(refused.status).toBe(401);
    expect(Object.keys(responses)).toContain("401");
    const missing = await send(
      method,
      target.replace(/\/(e|1)$/, "/missing"),
      method === "GET" ? undefined : [],
    );
    if (missing.status !== 200) {
      expect(Object.keys(responses)).toContain(String(missing.status));
    }
    for (const [, response] of entriesOf(responses).filter(([status]) => status !== "200")) {
      const { schema, example } = json(response);
      expect(violations(document, schema, example)).toEqual([]);
      expect(violations(document, schema, await refused.clone().json())).toEqual([]);
    }
  });

  it.each(faults)("has an example of a %s, which the server takes", async (_name, schema) => {
    const { example } = Object(schema);
    expect(violations(document, at("components", "schemas", "Fault"), example)).toEqual([]);
    const added = await send("POST", "/_stub/v1/faults", example);
    expect(added.status).toBe(200);
    await send("DELETE", "/_stub/v1/faults");
  });

  it.each(faults)("has every field of a %s, and no other", async (_name, schema) => {
    const { properties } = Object(schema);
    const fault = properties.fault.enum[0];
    const refused = await send("POST", "/_stub/v1/faults", {
      method: "StreamOutput",
      fault,
      wrong: 1,
    });
    const answer = Object(await refused.json());
    const [, known = ""] = /known are: (.*)$/.exec(answer.message) ?? [];
    // Messages of protobuf have no JSON that could be read without their types.
    const fields = known.split(", ").filter((name: string) => name !== "details");
    expect(fields.sort()).toEqual(Object.keys(properties).sort());
  });

  it("has every kind of fault", async () => {
    const kinds = faults.map(([, schema]) => Object(schema).properties.fault.enum[0]);
    const source = readText("src/stub/faults/stub-faults.ts");
    const known = [...source.matchAll(/readonly fault: "([\w-]+)"/g)].map(([, kind]) => kind);
    expect(kinds.sort()).toEqual(known.sort());
  });

  it("is read by a check that finds what does not fit", () => {
    const fault = at("components", "schemas", "Fault");
    expect(violations(document, fault, { method: "*", fault: "reset", ms: 1 })).not.toEqual([]);
    expect(violations(document, fault, { fault: "reset" })).not.toEqual([]);
    expect(violations(document, at("components", "schemas", "Error"), { code: "x" })).toEqual([
      "$.message is missing",
      "$.code is no such number",
    ]);
  });
});
