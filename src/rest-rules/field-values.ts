import { type DescField, ScalarType } from "@bufbuild/protobuf";

/**
 * A value that does not fit the field that it is for: in a request that cannot be sent, or in one or
 * in a response that cannot be read. The message names the field; it shows no value of a JSON body.
 */
export class FieldValueError extends Error {
  override readonly name = "FieldValueError";
  /** The field, by its name in the proto file. */
  readonly field: string;

  constructor(field: string, reason: string) {
    super(`parsing field ${JSON.stringify(field)}: ${reason}`);
    this.field = field;
  }
}

/** A field whose value can be written in a path or a query. */
export type TextField = DescField & { readonly fieldKind: "scalar" | "enum" };

// What Go's strconv.ParseBool takes, and with it grpc-gateway.
const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);
const INTEGER = /^[+-]?\d+$/;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_SHOWN = 40;
// What encodeURIComponent leaves although RFC 3986 reserves it.
const RESERVED = /[!'()*]/g;

/** Whether a field is of a kind that paths and queries of the contract have. */
export function isTextField(field: DescField): field is TextField {
  if (field.oneof !== undefined) {
    return false;
  }
  switch (field.fieldKind) {
    case "enum":
      return true;
    case "scalar":
      return (
        field.scalar === ScalarType.STRING ||
        field.scalar === ScalarType.INT32 ||
        field.scalar === ScalarType.BOOL
      );
    case "list":
    case "map":
    case "message":
      return false;
  }
}

/** A value of the field as text. */
export function valueToText(field: TextField, value: unknown): string {
  const known = field.enum?.values.find(({ number }) => number === value);
  return known?.name ?? String(value);
}

/**
 * Reads what valueToText writes, and what else grpc-gateway takes: `True`, `t`, `1` for a boolean,
 * the number of an enum's value.
 *
 * @throws FieldValueError that tells what is expected.
 */
export function valueFromText(field: TextField, text: string): string | number | boolean {
  if (field.enum !== undefined) {
    const number = INTEGER.test(text) ? Number(text) : undefined;
    const value = field.enum.values.find((one) => one.name === text || one.number === number);
    if (value === undefined) {
      throw new FieldValueError(field.name, `${shown(text)} is not a valid value`);
    }
    return value.number;
  }
  switch (field.scalar) {
    case ScalarType.BOOL:
      if (!TRUE.has(text) && !FALSE.has(text)) {
        throw new FieldValueError(field.name, `${shown(text)} is neither true nor false`);
      }
      return TRUE.has(text);
    case ScalarType.INT32: {
      const value = INTEGER.test(text) ? Number(text) : Number.NaN;
      if (!(value >= -MAX_INT32 - 1 && value <= MAX_INT32)) {
        const range = `${-MAX_INT32 - 1} to ${MAX_INT32}`;
        throw new FieldValueError(field.name, `${shown(text)} is no integer from ${range}`);
      }
      // Not -0.
      return value + 0;
    }
    default:
      return text;
  }
}

/** A text as an error shows it: quoted, and not longer than a line. */
export function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/**
 * Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3.
 *
 * @throws URIError where half a surrogate pair cannot be encoded.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    RESERVED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes `%XX`; undefined where that is malformed or no UTF-8. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
