import { create, type JsonValue, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  ProcessSchema,
  ReadOutputFramesResponseSchema,
  ReadOutputResponseSchema,
} from "../../src/gen.js";
import { FieldValueError } from "../../src/rest-rules/field-values.js";
import { messageFromJson } from "../../src/rest-rules/json.js";

describe("messageFromJson", () => {
  const data = Uint8Array.of(0xfb, 0xff, 0xfe, 0x01);

  test.each(["+//+AQ==", "+//+AQ", "-__-AQ==", "-__-AQ"])("reads %j as base64", (text) => {
    expect(messageFromJson(ReadOutputResponseSchema, { data: text }).data).toEqual(data);
  });

  test.each(["%", "A", "AAAAA", "é"])(
    "refuses %j, which is no base64, and names the field",
    (text) => {
      const json = { frames: [{ data: "" }, { data: text }] };
      expect(() => messageFromJson(ReadOutputFramesResponseSchema, json)).toThrow(
        new FieldValueError("data", "is not base64"),
      );
    },
  );

  test("takes the names of the proto file, and ignores what it does not know", () => {
    const json = { working_directory: "/a", args: ["b"], exitCode: 1, nothing: [{ known: 1 }] };
    expect(toJson(ProcessSchema, messageFromJson(ProcessSchema, json))).toEqual({
      workingDirectory: "/a",
      args: ["b"],
      exitCode: 1,
    });
    expect(messageFromJson(ProcessSchema, { state: "STATE_NEW" })).toEqual(create(ProcessSchema));
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
    let error: unknown;
    try {
      messageFromJson(ReadOutputFramesResponseSchema, json);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(FieldValueError);
    expect(error).toMatchObject({ field });
    expect(error).not.toHaveProperty("cause");
    expect(String(error)).not.toMatch(/4711|c2VjcmV0/);
  });

  test("takes bytes of a message that is kept without the JSON that they came from", () => {
    const json = { frames: [{ data: Buffer.alloc(1000).toString("base64") }, { data: "AA==" }] };
    const [, small] = messageFromJson(ReadOutputFramesResponseSchema, json).frames;
    expect(small?.data.buffer.byteLength).toBe(1);
  });
});
