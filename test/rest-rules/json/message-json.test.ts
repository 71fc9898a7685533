import {
  create,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  ProcessService,
  ReadOutputFramesResponseSchema,
  ReadOutputResponseSchema,
} from "../../../src/gen.js";
import { FieldValueError } from "../../../src/rest-rules/field-values.js";
import { messageFromJson } from "../../../src/rest-rules/json/message-from-json.js";
import { messageToJson } from "../../../src/rest-rules/json/message-to-json.js";
import { testMessage } from "../support/descriptors.js";
import { EVERYTHING } from "../support/everything.js";
import { anyMessage } from "../support/message-arbitrary.js";

const Everything = testMessage(EVERYTHING, "Everything");
const NoBytes = testMessage(EVERYTHING, "NoBytes");
const SCHEMAS = [
  Everything,
  NoBytes,
  BytesValueSchema,
  ...ProcessService.methods.flatMap(({ input, output }) => [input, output]),
];

/** What a network makes of JSON. */
function throughText(json: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(json));
}

describe.each(SCHEMAS.map((schema): [string, DescMessage] => [schema.typeName, schema]))(
  "%s",
  (_name, schema) => {
    const messages = anyMessage(schema);

    test("is written as by protobuf-es, and not changed", () => {
      fc.assert(
        fc.property(messages, fc.boolean(), (message, emitUnpopulated) => {
          const before = structuredClone(message);
          const json = messageToJson(schema, message, { emitUnpopulated });
          const expected = toJson(schema, message, { alwaysEmitImplicit: emitUnpopulated });
          expect(JSON.stringify(json)).toBe(JSON.stringify(expected));
          expect(structuredClone(message)).toEqual(before);
        }),
      );
    });

    test("is read as by protobuf-es, and the same as was written", () => {
      fc.assert(
        fc.property(messages, fc.boolean(), (message, emitUnpopulated) => {
          const json = throughText(messageToJson(schema, message, { emitUnpopulated }));
          const read = messageFromJson(schema, json);
          expect(read).toEqual(fromJson(schema, json));
          expect(read).toEqual(message);
        }),
      );
    });
  },
);

describe("messageFromJson", () => {
  const data = Uint8Array.of(0xfb, 0xff, 0xfe, 0x01);

  test.each(["+//+AQ==", "+//+AQ", "-__-AQ==", "-__-AQ"])("reads %j as base64", (text) => {
    expect(messageFromJson(ReadOutputResponseSchema, { data: text }).data).toEqual(data);
  });

  test.each(["%", "A", "AAAAA", "AA=", "A===", "AA==AA==", "AA AA", "AAA\n", "é", "AAAA="])(
    "refuses %j, which is no base64, and names the field",
    (text) => {
      const json = { frames: [{ data: "" }, { data: text }] };
      expect(() => messageFromJson(ReadOutputFramesResponseSchema, json)).toThrow(
        new FieldValueError("frames[1].data", "is not base64"),
      );
    },
  );

  test("names the field also in maps, by its name in the proto file", () => {
    const json = { self: { dataByText: { key: "%" } } };
    expect(() => messageFromJson(Everything, json)).toThrow('"self.data_by_text.key"');
  });

  test("takes the names of the proto file, and ignores what it does not know", () => {
    const json = { some_bytes: ["AA=="], selfByNumber: { "7": { a_text: 1, aBytes: "AQ==" } } };
    expect(toJson(Everything, messageFromJson(Everything, json))).toEqual({
      someBytes: ["AA=="],
      selfByNumber: { "7": { aBytes: "AQ==" } },
    });
    expect(messageFromJson(Everything, { color: "COLOR_GREEN" })).toEqual(create(Everything));
  });

  test.each<[string, JsonValue]>([
    ["frames", { frames: 1 }],
    ["frames", { frames: [null] }],
    ["data", { frames: [{ data: 4711 }] }],
    ["data", { frames: [{ data: ["c2VjcmV0"] }] }],
    ["ai.h2o.engine.sandbox.v1.OutputStream", { frames: [{ stream: 4711.5 }] }],
    ["ai.h2o.engine.sandbox.v1.ReadOutputFramesResponse", "text"],
    ["ai.h2o.engine.sandbox.v1.ReadOutputFramesResponse", null],
    ["ai.h2o.engine.sandbox.v1.ReadOutputFramesResponse", []],
  ])("names %s and shows no value of %j", (field, json) => {
    const error = attempt(ReadOutputFramesResponseSchema, json);
    expect(error).toMatchObject({ field });
    expect(error).not.toHaveProperty("cause");
    expect(String(error)).not.toMatch(/4711|c2VjcmV0/);
  });

  test("refuses messages that are nested too deep, as protobuf-es does", () => {
    const nested = (depth: number): JsonValue => (depth === 0 ? {} : { self: nested(depth - 1) });
    expect(messageFromJson(Everything, nested(99))).toEqual(fromJson(Everything, nested(99)));
    expect(() => fromJson(Everything, nested(100))).toThrow();
    expect(() => messageFromJson(Everything, nested(100))).toThrow(FieldValueError);
    expect(() => messageFromJson(Everything, nested(3000))).toThrow(FieldValueError);
  });
});

describe("bytes", () => {
  test("of 2 MiB are converted faster than by protobuf-es, without a change", () => {
    const data = new Uint8Array(2 * 1024 * 1024).map((_, index) => index * 7 + (index >> 8));
    const message = create(ReadOutputResponseSchema, { data });
    const json = time(() => messageToJson(ReadOutputResponseSchema, message));
    const expected = time(() => toJson(ReadOutputResponseSchema, message));
    expect(json.result).toEqual(expected.result);
    const read = time(() => messageFromJson(ReadOutputResponseSchema, json.result));
    const expectedRead = time(() => fromJson(ReadOutputResponseSchema, json.result));
    expect(Buffer.compare(read.result.data, data)).toBe(0);
    expect(json.ms + read.ms).toBeLessThan(expected.ms + expectedRead.ms);
  });

  test("of a message that is kept do not pin the JSON that they came from", () => {
    const json = { frames: [{ data: Buffer.alloc(1000).toString("base64") }, { data: "AA==" }] };
    const [, small] = messageFromJson(ReadOutputFramesResponseSchema, json).frames;
    expect(small?.data.buffer.byteLength).toBe(1);
  });
});

function attempt<Desc extends DescMessage>(
  schema: Desc,
  json: JsonValue,
): MessageShape<Desc> | unknown {
  try {
    return messageFromJson(schema, json);
  } catch (error) {
    return error;
  }
}

function time<T>(work: () => T): { result: T; ms: number } {
  const start = performance.now();
  return { result: work(), ms: performance.now() - start };
}
