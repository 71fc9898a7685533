import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";

const BYTES_VALUE = "google.protobuf.BytesValue";
const known = new WeakMap<DescMessage, boolean>();

/** Whether the type is google.protobuf.BytesValue, whose JSON is that of its one field. */
export function isBytesValue({ typeName }: DescMessage): boolean {
  return typeName === BYTES_VALUE;
}

/** Whether the field's values, items or map values are bytes. */
export function isBytesField(field: DescField): boolean {
  return field.scalar === ScalarType.BYTES;
}

/** Whether a message of this type can hold bytes that are base64 in its JSON, at any depth. */
export function mayHoldBytes(message: DescMessage): boolean {
  let holds = known.get(message);
  if (holds === undefined) {
    holds = reaches(message, new Set());
    known.set(message, holds);
  }
  return holds;
}

/** Whether the field can hold such bytes, itself or in its messages. */
export function fieldMayHoldBytes(field: DescField): boolean {
  return isBytesField(field) || (field.message !== undefined && mayHoldBytes(field.message));
}

function reaches(message: DescMessage, seen: Set<DescMessage>): boolean {
  // Of the other types with a JSON of their own, none has bytes in it that belong to a field.
  if (seen.has(message) || (hasCustomJsonRepresentation(message) && !isBytesValue(message))) {
    return false;
  }
  seen.add(message);
  return message.fields.some(
    (field) => isBytesField(field) || (field.message !== undefined && reaches(field.message, seen)),
  );
}
