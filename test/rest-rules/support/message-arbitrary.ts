import {
  create,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { reflect, reflectList, reflectMap } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";

/** Any text that has UTF-8, with more of what is special in URLs and JSON than chance would give. */
export const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.string({ unit: fc.constantFrom(...'%/?#&=+: .~"\\{}*\n\0é😀'), maxLength: 12 }),
  fc.constantFrom("__proto__", "constructor", "..", "%2F", "null"),
);

/** A message of any type with random values, as deep as this. */
export function anyMessage<Desc extends DescMessage>(
  schema: Desc,
  depth = 2,
): fc.Arbitrary<MessageShape<Desc>> {
  const fields = schema.fields.filter(({ message }) => message === undefined || depth > 0);
  return fc
    .tuple(...fields.map((field) => fc.option(anyValue(field, depth), { freq: 3, nil: undefined })))
    .map((values) => {
      const message = create(schema);
      const reflected = reflect(schema, message);
      for (const [index, field] of fields.entries()) {
        const value = values[index];
        if (value !== undefined) {
          reflected.set(field, value);
        }
      }
      return message;
    });
}

function anyValue(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.fieldKind === "list") {
    return fc.array(anyItem(field, depth), { maxLength: 3 }).map((items) => {
      const list = reflectList(field);
      for (const item of items) {
        list.add(item);
      }
      return list;
    });
  }
  if (field.fieldKind === "map") {
    const entries = fc.tuple(anyScalar(field.mapKey), anyItem(field, depth));
    return fc.array(entries, { maxLength: 3 }).map((pairs) => {
      const map = reflectMap(field);
      for (const [key, value] of pairs) {
        map.set(key, value);
      }
      return map;
    });
  }
  return anyItem(field, depth);
}

function anyItem(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.enum !== undefined) {
    return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  }
  return field.message === undefined
    ? anyScalar(field.scalar ?? ScalarType.STRING)
    : anySubmessage(field.message, depth);
}

function anySubmessage(message: DescMessage, depth: number): fc.Arbitrary<unknown> {
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return fc
        .tuple(fc.bigInt(-62_135_596_800n, 253_402_300_799n), fc.nat(999_999_999))
        .map(([seconds, nanos]) => fill(message, { seconds, nanos }));
    case "google.protobuf.Duration":
      return fc
        .tuple(fc.bigInt(0n, 315_576_000_000n), fc.nat(999_999_999), fc.constantFrom(1, -1))
        .map(([seconds, nanos, sign]) =>
          fill(message, {
            seconds: seconds * BigInt(sign),
            nanos: withoutNegativeZero(nanos * sign),
          }),
        );
    default:
      return anyMessage(message, depth - 1).map((value) => reflect(message, value));
  }
}

function fill(message: DescMessage, values: Record<string, unknown>) {
  const filled = reflect(message);
  for (const field of message.fields) {
    filled.set(field, values[field.localName]);
  }
  return filled;
}

function anyScalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return anyText;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 10 });
    case ScalarType.DOUBLE:
      return fc.double().map(withoutNegativeZero);
    case ScalarType.FLOAT:
      return fc.float().map(withoutNegativeZero);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return fc.integer();
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.nat().map((value) => value * 2 + 1);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt(0n, 2n ** 64n - 1n);
  }
}

// JSON.stringify makes 0 of -0.
function withoutNegativeZero(value: number): number {
  return value === 0 ? 0 : value;
}
