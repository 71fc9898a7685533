import type { DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { isJsonObject } from "../../rest-rules/json.js";

/**
 * The JSON of a message with its times as protobuf wants them. RFC 3339 (section 5.6) allows `t` and
 * `z` in lower case, and some servers write an unset time as an empty text: no reason to lose the
 * whole answer.
 */
export function withReadableTimes(schema: DescMessage, json: JsonValue): JsonValue {
  if (!isJsonObject(json)) {
    return json;
  }
  const readable: JsonObject = { ...json };
  for (const field of schema.fields) {
    for (const name of new Set([field.jsonName, field.name])) {
      const value = json[name];
      if (value === undefined) {
        continue;
      }
      if (field.fieldKind === "message") {
        readable[name] = readableValue(field.message, value);
      } else if (field.fieldKind === "list" && field.message && Array.isArray(value)) {
        const { message } = field;
        readable[name] = value.map((item) => readableValue(message, item));
      }
    }
  }
  return readable;
}

function readableValue(schema: DescMessage, value: JsonValue): JsonValue {
  if (schema.typeName !== TimestampSchema.typeName) {
    return withReadableTimes(schema, value);
  }
  if (typeof value !== "string") {
    return value;
  }
  return value.trim() === "" ? null : value.trim().toUpperCase();
}
