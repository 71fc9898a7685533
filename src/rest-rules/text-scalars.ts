import { ScalarType } from "@bufbuild/protobuf";

import { decodeBase64, encodeBase64 } from "./json/base64.js";

// What Go's strconv.ParseBool takes, and with it grpc-gateway.
const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);
const INTEGER = /^[+-]?\d+$/;
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
