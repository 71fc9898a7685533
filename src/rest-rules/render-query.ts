import type { ReflectMessage } from "@bufbuild/protobuf/reflect";

import { type FieldPath, findParent, jsonPath, protoPath } from "./field-path.js";
import { FieldValueError } from "./field-value-error.js";
import type { HttpRule } from "./http-rule.js";
import { percentEncode } from "./percent-encoding.js";
import { valueToText } from "./text-values.js";

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
