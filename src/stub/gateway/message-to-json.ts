import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type MessageShape,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { isJsonObject } from "../../rest-rules/json.js";

/**
 * The JSON of a message as grpc-gateway writes it. Fields that are unset are there too, as `""`,
 * `0`, `false`, `[]` and `{}`, and as null where they are messages; but not those that are `optional`
 * or in a oneof.
 *
 * @throws Error where a value does not fit its field.
 */
export function messageToJson<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): JsonValue {
  return jsonOf(reflect(schema, message, false));
}

/** Encodes bytes in standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function jsonOf(message: ReflectMessage): JsonValue {
  const { desc } = message;
  if (hasCustomJsonRepresentation(desc)) {
    return toJson(desc, message.message);
  }
  const others = reflect(desc, undefined, false);
  for (const field of desc.fields) {
    if (message.isSet(field) && !isOurs(field)) {
      others.set(field, message.get(field));
    }
  }
  const json = toJson(desc, others.message, { alwaysEmitImplicit: true });
  const known = isJsonObject(json) ? json : {};
  return Object.fromEntries(
    desc.fields.flatMap((field) => {
      const own = jsonOfField(message, field);
      const value = own === undefined ? known[field.jsonName] : own;
      return value === undefined ? [] : [[field.jsonName, value]];
    }),
  );
}

// protobuf-es encodes 16 MiB of bytes in 2 s, and Buffer in 10 ms. Messages may hold bytes.
function isOurs(field: DescField): boolean {
  return field.message !== undefined || isBytes(field);
}

function isBytes(field: DescField): boolean {
  return field.fieldKind === "scalar" && field.scalar === ScalarType.BYTES;
}

/** Undefined for a field that is not ours, or unset and shown as others are. */
function jsonOfField(message: ReflectMessage, field: DescField): JsonValue | undefined {
  if (!isOurs(field)) {
    return undefined;
  }
  if (!message.isSet(field)) {
    const isShown = field.oneof === undefined && !field.proto.proto3Optional;
    return field.fieldKind === "message" && isShown ? null : undefined;
  }
  if (field.fieldKind === "list") {
    return [...message.get(field)].map(jsonOfValue);
  }
  if (field.fieldKind === "map") {
    const entries = [...message.get(field)];
    return Object.fromEntries(entries.map(([key, value]) => [String(key), jsonOfValue(value)]));
  }
  return jsonOfValue(message.get(field));
}

function jsonOfValue(value: unknown): JsonValue {
  if (value instanceof Uint8Array) {
    return encodeBase64(value);
  }
  if (isReflectMessage(value)) {
    return jsonOf(value);
  }
  throw new Error("neither bytes nor a message");
}
