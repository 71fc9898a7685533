import { type DescMessage, fromJson, toJson } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

import { scalarFromText, scalarToText, shown } from "./text-scalars.js";

const FIELD_MASK = "google.protobuf.FieldMask";
// Those whose JSON is a string.
const STRINGS = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration"]);

/** Whether a message of this type can be written in a query: some well-known types can. */
export function isTextMessage(desc: DescMessage): boolean {
  return STRINGS.has(desc.typeName) || desc.typeName === FIELD_MASK || isWrapperDesc(desc);
}

/** A message of such a type as text. */
export function messageToText(message: ReflectMessage): string {
  const { desc } = message;
  if (STRINGS.has(desc.typeName)) {
    return String(toJson(desc, message.message));
  }
  const [field] = desc.fields;
  if (field?.fieldKind === "list") {
    // In a query, the paths of a mask are written as in the proto file.
    return [...message.get(field)].join(",");
  }
  return field === undefined ? "" : scalarToText(message.get(field));
}

/**
 * Reads a message of such a type.
 *
 * @throws Error that tells what is expected.
 */
export function messageFromText(desc: DescMessage, text: string): ReflectMessage {
  if (STRINGS.has(desc.typeName)) {
    try {
      return reflect(desc, fromJson(desc, text));
    } catch {
      throw new Error(`${shown(text)} is no ${desc.typeName}`);
    }
  }
  const message = reflect(desc);
  const [field] = desc.fields;
  if (field?.fieldKind === "list") {
    const paths = message.get(field);
    for (const path of text === "" ? [] : text.split(",")) {
      paths.add(path);
    }
  } else if (field?.scalar !== undefined) {
    message.set(field, scalarFromText(field.scalar, text));
  }
  return message;
}
