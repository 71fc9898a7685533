import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  ensureParent,
  type FieldPath,
  findParent,
  jsonPath,
  protoPath,
  resolveFieldPath,
} from "./field-path.js";
import {
  FieldValueError,
  percentDecode,
  percentEncode,
  valueFromText,
  valueToText,
} from "./field-values.js";
import type { HttpRule } from "./http-rule.js";

/**
 * The query of a request, without its question mark; empty where all its fields are unset. That a
 * nested message is set, but none of its fields, cannot be told in a query.
 *
 * @throws FieldValueError for text that has no UTF-8.
 */
export function renderQuery({ query }: HttpRule, message: ReflectMessage): string {
  return [...query.values()]
    .flatMap((path) => textsOf(message, path).map((text) => parameter(path, text)))
    .join("&");
}

function textsOf(message: ReflectMessage, path: FieldPath): string[] {
  const parent = findParent(message, path);
  const { leaf } = path;
  if (!parent?.isSet(leaf)) {
    return [];
  }
  return leaf.fieldKind === "list"
    ? [...parent.get(leaf)].map((item) => valueToText(leaf, item))
    : [valueToText(leaf, parent.get(leaf))];
}

function parameter(path: FieldPath, text: string): string {
  try {
    return `${percentEncode(jsonPath(path))}=${percentEncode(text)}`;
  } catch {
    throw new FieldValueError(protoPath(path), "has half a character, which no URL can carry");
  }
}

/**
 * Sets the fields that a query names, by the names of the proto file or of JSON. Names that are not
 * the query's are ignored, those of fields in the path or in the body too.
 *
 * @throws FieldValueError for a value that does not fit its field, for a second value of a field
 * that does not repeat, and for a second field of a oneof.
 * @throws URIError where `%XX` is malformed.
 */
export function readQuery(rule: HttpRule, message: ReflectMessage, query: string): void {
  const texts = new Map<FieldPath, string[]>();
  for (const [name, text] of parameters(query)) {
    const named = resolveFieldPath(rule.rpc.input, name);
    const path = named && rule.query.get(protoPath(named));
    if (path !== undefined) {
      texts.set(path, [...(texts.get(path) ?? []), text]);
    }
  }
  for (const [path, values] of texts) {
    setField(message, path, values);
  }
}

function setField(message: ReflectMessage, path: FieldPath, texts: readonly string[]): void {
  const { leaf } = path;
  const name = protoPath(path);
  const parent = ensureParent(message, path);
  if (leaf.fieldKind === "list") {
    const list = parent.get(leaf);
    for (const text of texts) {
      list.add(parse(name, path, text));
    }
    return;
  }
  const [text = "", ...more] = texts;
  if (more.length > 0) {
    throw new FieldValueError(name, `has ${texts.length} values, but takes one`);
  }
  if (leaf.oneof !== undefined && parent.oneofCase(leaf.oneof) !== undefined) {
    throw new FieldValueError(name, `another field of the oneof ${leaf.oneof.name} is set already`);
  }
  parent.set(leaf, parse(name, path, text));
}

function parse(name: string, { leaf }: FieldPath, text: string): unknown {
  try {
    return valueFromText(leaf, text);
  } catch (error) {
    throw new FieldValueError(name, error instanceof Error ? error.message : String(error));
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
    throw new URIError("the query is malformed: after % come two hexadecimal digits, of UTF-8");
  }
  return decoded;
}
