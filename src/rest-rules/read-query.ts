import type { ReflectMessage } from "@bufbuild/protobuf/reflect";

import { ensureParent, type FieldPath, protoPath, resolveFieldPath } from "./field-path.js";
import { FieldValueError } from "./field-value-error.js";
import type { HttpRule } from "./http-rule.js";
import { percentDecode } from "./percent-encoding.js";
import { valueFromText } from "./text-values.js";

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
