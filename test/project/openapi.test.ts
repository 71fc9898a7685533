import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DescField, type DescMethod, getOption, ScalarType } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.js";
import { FieldBehavior, field_behavior } from "../../gen/google/api/field_behavior_pb.js";
import { ProcessSchema, ProcessService } from "../../src/gen.js";
import { readHttpRule } from "../../src/rest-rules/http-rule.js";
import { root } from "../support/run-tool.js";

/** What is read here of a JSON Schema. */
interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly readOnly?: boolean;
}

interface Content {
  readonly content: { readonly "application/json": { readonly schema: Schema } };
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
  readonly security: readonly object[];
}

const text = readFileSync(join(root, "proto/openapi.json"), "utf8");
const document: Document = JSON.parse(text);
const { schemas, securitySchemes } = document.components;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([verb, operation]) => ({ path, verb, operation })),
);

function find({ name }: DescMethod) {
  const [found, ...others] = operations.filter(
    ({ operation }) => operation.operationId === `ProcessService_${name}`,
  );
  expect(others).toEqual([]);
  if (found === undefined) {
    throw new Error(`no operation of ${name}`);
  }
  return found;
}

const schemaOf = (content: Content | undefined) => content?.content["application/json"].schema;
const refTo = (typeName: string): Schema => ({ $ref: `#/components/schemas/${typeName}` });

/** What a schema says of the values. */
function kindOf({ $ref, allOf, type, format, items, additionalProperties }: Schema): object {
  const inner = items ?? additionalProperties;
  return {
    // A $ref beside `readOnly` stands in an allOf, for readers that know OpenAPI 3.0 only.
    type: $ref ?? allOf?.[0]?.$ref ?? type,
    ...(format === undefined ? {} : { format }),
    ...(inner === undefined ? {} : { of: kindOf(inner) }),
  };
}

/** What the JSON of a field is, by protobuf's mapping. */
function kindOfField(field: DescField): object {
  switch (field.fieldKind) {
    case "list":
      return { type: "array", of: kindOfValue(field.scalar, field.enum ?? field.message) };
    case "map":
      return { type: "object", of: kindOfValue(field.scalar, field.enum ?? field.message) };
    default:
      return kindOfValue(field.scalar, field.enum ?? field.message);
  }
}

function kindOfValue(scalar: ScalarType | undefined, named?: { readonly typeName: string }) {
  if (named !== undefined) {
    return named.typeName === TimestampSchema.typeName
      ? { type: "string", format: "date-time" }
      : { type: refTo(named.typeName).$ref };
  }
  switch (scalar) {
    case ScalarType.BYTES:
      return { type: "string", format: "byte" };
    case ScalarType.INT32:
      return { type: "integer", format: "int32" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.STRING:
      return { type: "string" };
    default:
      throw new Error(`the contract has no ${scalar}`);
  }
}

describe("proto/openapi.json", () => {
  it("is OpenAPI 3.1, and has one operation a method", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(operations).toHaveLength(ProcessService.methods.length);
  });

  it("asks for a bearer token everywhere", () => {
    expect(document.security).toEqual([{ bearer: [] }]);
    expect(securitySchemes).toEqual({ bearer: { type: "http", scheme: "bearer" } });
  });

  it("refers to nothing that it does not have", () => {
    const targets = [...text.matchAll(/"\$ref": "#\/components\/schemas\/([^"]+)"/g)];
    expect(targets.length).toBeGreaterThan(9);
    for (const [, target] of targets) {
      expect(Object.keys(schemas)).toContain(target);
    }
  });

  describe.each(ProcessService.methods)("$name", (method) => {
    const { path, verb, operation } = find(method);
    const rule = readHttpRule(method);

    it("has the path of its google.api.http rule, with a parameter for each id", () => {
      const template = String(getOption(method, http).pattern.value);
      expect(verb).toBe(rule.method.toLowerCase());
      expect(path.replace(/\{\w+\}/g, "*")).toBe(template.replace(/\{\w+=([^}]+)\}/, "$1"));
      const ids = ["workspace", "sandboxEngine", "process"].filter((id) =>
        path.includes(`{${id}}`),
      );
      expect(ids).toHaveLength([...path.matchAll(/\{/g)].length);
      const parameters = operation.parameters.filter((parameter) => parameter.in === "path");
      expect(parameters).toEqual(
        ids.map((name) => expect.objectContaining({ name, required: true })),
      );
    });

    it("has the fields of the query, and the body", () => {
      const query = operation.parameters.filter((parameter) => parameter.in === "query");
      expect(query.map(({ name, schema }) => ({ name, ...kindOf(schema) }))).toEqual(
        rule.query.map((field) => ({ name: field.jsonName, ...kindOfField(field) })),
      );
      const body = schemaOf(operation.requestBody);
      const bound = rule.variables.map(({ field }) => field.name);
      switch (rule.body.kind) {
        case "none":
          expect(body).toBeUndefined();
          break;
        case "field":
          expect(body).toEqual(refTo(String(rule.body.field.message?.typeName)));
          break;
        case "message":
          expect(body?.type).toBe("object");
          expect(Object.keys(body?.properties ?? {})).toEqual(
            method.input.fields
              .filter(({ name }) => !bound.includes(name))
              .map(({ jsonName }) => jsonName),
          );
      }
    });

    it("answers with its message, in lines of results where it streams, or with a status", () => {
      const { responses } = operation;
      const message = refTo(method.output.typeName);
      const status = refTo("google.rpc.Status");
      expect(schemaOf(responses["default"])).toEqual(status);
      expect(schemaOf(responses["200"])).toMatchObject(
        method.methodKind === "server_streaming"
          ? { type: "object", properties: { result: message, error: status } }
          : message,
      );
    });
  });

  it("has every field of every message, with the type that it has in JSON", () => {
    const files = [ProcessService.file, ProcessSchema.file];
    const messages = files.flatMap(({ messages }) => messages);
    const described = messages.filter(({ typeName }) => Object.hasOwn(schemas, typeName));
    // Requests are parameters and bodies.
    expect(messages.filter((message) => !described.includes(message))).toEqual(
      ProcessService.methods.map(({ input }) => input),
    );
    for (const { typeName, fields } of described) {
      const properties = schemas[typeName]?.properties ?? {};
      expect(
        Object.fromEntries(
          Object.entries(properties).map(([name, schema]) => [name, kindOf(schema)]),
        ),
        typeName,
      ).toEqual(Object.fromEntries(fields.map((field) => [field.jsonName, kindOfField(field)])));
    }
  });

  it("has the names of every enum, and no numbers", () => {
    for (const { typeName, values } of [
      ...ProcessSchema.file.enums,
      ...ProcessSchema.nestedEnums,
    ]) {
      expect(schemas[typeName]).toMatchObject({
        type: "string",
        enum: values.map(({ name }) => name),
      });
    }
  });

  it("marks what of a process only the server sets", () => {
    const properties = schemas[ProcessSchema.typeName]?.properties ?? {};
    const set = ProcessSchema.fields.filter((field) =>
      getOption(field, field_behavior).some(
        (one) => one === FieldBehavior.OUTPUT_ONLY || one === FieldBehavior.IDENTIFIER,
      ),
    );
    expect(Object.keys(properties).filter((name) => properties[name]?.readOnly)).toEqual(
      set.map(({ jsonName }) => jsonName).sort(),
    );
  });
});
