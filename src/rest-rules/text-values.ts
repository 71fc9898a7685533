import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";

import { isTextMessage, messageFromText, messageToText } from "./text-messages.js";
import { scalarFromText, scalarToText, shown } from "./text-scalars.js";

const INTEGER = /^[+-]?\d+$/;

/** Whether a value of this field, or of each item of it, can be written in a query. */
export function isTextField(field: DescField): boolean {
  switch (field.fieldKind) {
    case "scalar":
    case "enum":
      return true;
    case "list":
      return field.listKind !== "message";
    case "message":
      return isTextMessage(field.message);
    case "map":
      return false;
  }
}

/** A value of the field, or one item of it, as text for a path or a query. */
export function valueToText(field: DescField, value: unknown): string {
  if (field.enum !== undefined) {
    return field.enum.values.find(({ number }) => number === value)?.name ?? String(value);
  }
  return isReflectMessage(value) ? messageToText(value) : scalarToText(value);
}

/**
 * Reads what valueToText writes, and what else grpc-gateway takes: `True`, `t`, `1` for a boolean,
 * the number of an enum's value.
 *
 * @throws Error that tells what is expected.
 */
export function valueFromText(field: DescField, text: string): unknown {
  if (field.enum !== undefined) {
    const number = INTEGER.test(text) ? Number(text) : undefined;
    const value = field.enum.values.find((one) => one.name === text || one.number === number);
    if (value === undefined) {
      throw new Error(`${shown(text)} is not a valid value`);
    }
    return value.number;
  }
  return field.message !== undefined
    ? messageFromText(field.message, text)
    : scalarFromText(field.scalar ?? ScalarType.STRING, text);
}
