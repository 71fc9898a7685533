import type { DescField, DescMessage, JsonValue } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";

import { isJsonObject, mapValues } from "../../rest-rules/json/json-object.js";

/**
 * The JSON of a message with null for messages that are unset, at any depth, as grpc-gateway shows
 * them. Fields that are `optional`, or in a oneof, stay left out.
 */
export function unsetAsNull(desc: DescMessage, json: JsonValue): JsonValue {
  if (!isJsonObject(json) || hasCustomJsonRepresentation(desc)) {
    return json;
  }
  return Object.fromEntries(
    desc.fields.flatMap((field) => {
      const value = json[field.jsonName];
      if (value !== undefined) {
        return [[field.jsonName, inField(field, value)]];
      }
      return isShownUnset(field) ? [[field.jsonName, null]] : [];
    }),
  );
}

function inField(field: DescField, value: JsonValue): JsonValue {
  const { message } = field;
  if (message === undefined) {
    return value;
  }
  if (field.fieldKind === "list" && Array.isArray(value)) {
    return value.map((item) => unsetAsNull(message, item));
  }
  if (field.fieldKind === "map" && isJsonObject(value)) {
    return mapValues(value, (one) => unsetAsNull(message, one));
  }
  return unsetAsNull(message, value);
}

function isShownUnset(field: DescField): boolean {
  return field.fieldKind === "message" && field.oneof === undefined && !field.proto.proto3Optional;
}
