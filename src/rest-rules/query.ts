import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  FieldValueError,
  percentDecode,
  percentEncode,
  type TextField,
  valueFromText,
  valueToText,
} from "./field-values.js";
import type { HttpRule } from "./http-rule.js";

/**
 * The query of a request, without its question mark; empty where all its fields are unset.
 *
 * @throws FieldValueError for text that has no UTF-8.
 */
export function renderQuery({ query }: HttpRule, message: ReflectMessage): string {
  return query
    .filter((field) => message.isSet(field))
    .map((field) => parameter(field, valueToText(field, message.get(field))))
    .join("&");
}

function parameter({ name, jsonName }: TextField, text: string): string {
  try {
    return `${percentEncode(jsonName)}=${percentEncode(text)}`;
  } catch {
    throw new FieldValueError(name, "holds a lone surrogate, which cannot be in a URL");
  }
}

/**
 * Sets the fields that a query names, by the names of the proto file or of JSON. Names that are not
 * the query's are ignored, those of fields in the path or in the body too.
 *
 * @throws FieldValueError for a value that does not fit its field, and for a second value.
 * @throws URIError where `%XX` is malformed.
 */
export function readQuery(rule: HttpRule, message: ReflectMessage, query: string): void {
  const given = new Set<TextField>();
  for (const [name, text] of parameters(query)) {
    const field = rule.query.find((one) => one.name === name || one.jsonName === name);
    if (field === undefined) {
      continue;
    }
    if (given.has(field)) {
      throw new FieldValueError(field.name, "has more than one value, but takes one");
    }
    given.add(field);
    message.set(field, valueFromText(field, text));
  }
}

function parameters(query: string): [name: string, text: string][] {
  return query
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter) => {
      const [name = "", ...value] = parameter.split("=");
      return [decode(name), decode(value.join("="))];
    });
}

function decode(text: string): string {
  const decoded = percentDecode(text.replaceAll("+", " "));
  if (decoded === undefined) {
    throw new URIError(
      "the query is malformed: each % must be followed by two hexadecimal digits, and what they encode must be UTF-8",
    );
  }
  return decoded;
}
