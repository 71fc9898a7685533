import type { DescField, DescMessage, JsonValue } from "@bufbuild/protobuf";

import { FieldValueError } from "../field-values.js";
import { fieldMayHoldBytes, isBytesValue } from "./bytes-in-messages.js";
import { isJsonObject, mapValues } from "./json-object.js";

/** Makes the text that takes the place of another, which stands at this path. */
export type ReplaceText = (text: string, path: string) => string;

// Deeper ones are refused by protobuf-es when it reads.
const MAX_DEPTH = 100;

/**
 * A copy of a message's JSON with other texts in place of those that are a field's bytes, and not
 * empty. What has another shape than the message's JSON stays as it is.
 *
 * @throws FieldValueError where messages are nested more than 100 deep, as protobuf-es does.
 */
export function replaceBytesInJson(
  desc: DescMessage,
  json: JsonValue,
  replace: ReplaceText,
): JsonValue {
  function inMessage(
    message: DescMessage,
    value: JsonValue,
    path: string,
    depth: number,
  ): JsonValue {
    if (isBytesValue(message)) {
      return inText(value, path);
    }
    if (!isJsonObject(value)) {
      return value;
    }
    if (depth >= MAX_DEPTH) {
      throw new FieldValueError(path, `is nested more than ${MAX_DEPTH} messages deep`);
    }
    const fields = new Map(
      message.fields.filter(fieldMayHoldBytes).flatMap((field) => [
        [field.jsonName, field],
        [field.name, field],
      ]),
    );
    return mapValues(value, (one, key) => {
      const field = fields.get(key);
      return field === undefined ? one : inField(field, one, join(path, field.name), depth);
    });
  }

  function inField(field: DescField, value: JsonValue, path: string, depth: number): JsonValue {
    if (field.fieldKind === "list" && Array.isArray(value)) {
      return value.map((item, index) => inValue(field, item, `${path}[${index}]`, depth));
    }
    if (field.fieldKind === "map" && isJsonObject(value)) {
      return mapValues(value, (one, key) => inValue(field, one, join(path, key), depth));
    }
    return inValue(field, value, path, depth);
  }

  function inValue(field: DescField, value: JsonValue, path: string, depth: number): JsonValue {
    return field.message === undefined
      ? inText(value, path)
      : inMessage(field.message, value, path, depth + 1);
  }

  function inText(value: JsonValue, path: string): JsonValue {
    return typeof value === "string" && value !== "" ? replace(value, path) : value;
  }

  return inMessage(desc, json, "", 0);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
