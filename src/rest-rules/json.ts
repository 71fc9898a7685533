import {
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { FieldValueError } from "./field-values.js";

const TYPE_OF_ERROR = /^cannot decode (?:message |enum )?(?<type>[\w.]+) from JSON/;

/** Whether a JSON value is an object: no array, and not null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a message from JSON. Fields and names of enum values that are not known are ignored.
 *
 * @throws FieldValueError for a value of another type than its field's, or out of its range, for a
 * field under both of its names, and for bytes that are no base64.
 */
export function messageFromJson<Desc extends DescMessage>(
  schema: Desc,
  json: JsonValue,
): MessageShape<Desc> {
  try {
    return fromJson(schema, json, { ignoreUnknownFields: true });
  } catch (error) {
    // The cause is left out: it shows the value, which can be a secret.
    throw describe(schema, error);
  }
}

// The field, or the type of a message or enum inside it: more is not told.
function describe({ typeName }: DescMessage, error: unknown): FieldValueError {
  const { cause, message } = error instanceof Error ? error : new Error();
  const field = isFieldError(cause) ? cause.field() : undefined;
  if (field && field.kind === "field" && field.scalar === ScalarType.BYTES) {
    return new FieldValueError(field.name, "is not base64");
  }
  return new FieldValueError(
    field?.name ?? TYPE_OF_ERROR.exec(message)?.groups?.["type"] ?? typeName,
    "has another type in JSON, is out of range, or is named twice",
  );
}
