import { type DescField, type DescMessage, fromJson, ScalarType, toJson } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { decodeBase64, encodeBase64 } from "./json/base64.js";

/**
 * A value that does not fit the field that it is for: in a request that cannot be sent, or in one or
 * in a response that cannot be read. The message names the field; it shows no value of a JSON body.
 */
export class FieldValueError extends Error {
  override readonly name = "FieldValueError";
  /** The field, as it is reached from the message: `process_id`, `frames[3].data`. */
  readonly field: string;

  constructor(field: string, reason: string) {
    super(`parsing field ${JSON.stringify(field)}: ${reason}`);
    this.field = field;
  }
}

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

// What Go's strconv.ParseBool takes, and with it grpc-gateway.
const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL_FLOAT = /^(?<sign>[+-]?)(?<word>nan|inf(?:inity)?)$/i;
const MAX_SHOWN = 40;

/** A scalar as text for a path or a query. */
export function scalarToText(value: unknown): string {
  if (value instanceof Uint8Array) {
    return encodeBase64(value);
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/**
 * Reads a scalar from the text of a path or a query.
 *
 * @throws Error that tells what is expected.
 */
export function scalarFromText(type: ScalarType, text: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return booleanFromText(text);
    case ScalarType.BYTES:
      return bytesFromText(text);
    case ScalarType.DOUBLE:
      return floatFromText(text, Number);
    case ScalarType.FLOAT:
      return floatFromText(text, (digits) => Math.fround(Number(digits)));
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return Number(integerFromText(text, -(2n ** 31n), 2n ** 31n - 1n));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return Number(integerFromText(text, 0n, 2n ** 32n - 1n));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return integerFromText(text, -(2n ** 63n), 2n ** 63n - 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return integerFromText(text, 0n, 2n ** 64n - 1n);
  }
}

/** A text as an error shows it: quoted, and not longer than a line. */
export function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

function booleanFromText(text: string): boolean {
  if (!TRUE.has(text) && !FALSE.has(text)) {
    throw new Error(`${shown(text)} is neither true nor false`);
  }
  return TRUE.has(text);
}

function bytesFromText(text: string): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes === undefined) {
    throw new Error("is not base64");
  }
  return bytes;
}

function integerFromText(text: string, min: bigint, max: bigint): bigint {
  // A longer one is out of range, and costs time that grows with the square of its length.
  const value =
    INTEGER.test(text) && text.length <= MAX_SHOWN ? BigInt(text.replace("+", "")) : max + 1n;
  if (value < min || value > max) {
    throw new Error(`${shown(text)} is no integer from ${min} to ${max}`);
  }
  return value;
}

function floatFromText(text: string, parse: (digits: string) => number): number {
  const { sign, word } = SPECIAL_FLOAT.exec(text)?.groups ?? {};
  if (word !== undefined) {
    const value = word.toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
    return sign === "-" ? -value : value;
  }
  const value = FLOAT.test(text) ? parse(text) : Number.NaN;
  if (!Number.isFinite(value)) {
    throw new Error(`${shown(text)} is no number, or out of range`);
  }
  return value;
}

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

// What encodeURIComponent leaves although RFC 3986 reserves it.
const RESERVED = /[!'()*]/g;

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
