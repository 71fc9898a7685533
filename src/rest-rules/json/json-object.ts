import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Whether a JSON value is an object: no array, and not null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with the same keys and other values. */
export function mapValues(
  object: JsonObject,
  change: (value: JsonValue, key: string) => JsonValue,
): JsonObject {
  // Not by assignment, which the key "__proto__" would be lost in.
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, change(value, key)]),
  );
}
