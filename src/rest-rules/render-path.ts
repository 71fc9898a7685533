import type { ReflectMessage } from "@bufbuild/protobuf/reflect";

import { findParent } from "./field-path.js";
import { FieldValueError } from "./field-value-error.js";
import type { HttpRule, PathVariable } from "./http-rule.js";
import { type Segment, variablePattern } from "./path-template.js";
import { percentEncode } from "./percent-encoding.js";
import { valueToText } from "./text-values.js";

/**
 * The path of a request, with values of the message for its variables. Their slashes stay slashes;
 * whatever else is not unreserved is percent-encoded.
 *
 * @throws FieldValueError where a value does not match the template of its variable.
 */
export function renderPath(rule: HttpRule, message: ReflectMessage): string {
  const { segments, verb } = rule.template;
  const texts = segments.map((segment) => (segment.kind === "literal" ? segment.text : ""));
  for (const variable of rule.variables) {
    const values = variableSegments(rule, variable, message);
    texts.splice(variable.start, values.length, ...values);
  }
  const path = texts.map((text) => `/${percentEncode(text)}`).join("");
  return verb === undefined ? path : `${path}:${percentEncode(verb)}`;
}

function variableSegments(
  { template }: HttpRule,
  variable: PathVariable,
  message: ReflectMessage,
): string[] {
  const { name, path, start, end } = variable;
  const text = valueToText(path.leaf, findParent(message, path)?.get(path.leaf) ?? "");
  const values = text.split("/");
  const expected = template.segments.slice(start, end);
  if (
    values.length !== expected.length ||
    !expected.every((segment, index) => fits(segment, values[index] ?? ""))
  ) {
    const pattern = variablePattern(template, variable);
    throw new FieldValueError(name, `must match ${pattern}, but is ${JSON.stringify(text)}`);
  }
  return values;
}

function fits(segment: Segment, value: string): boolean {
  if (segment.kind === "literal") {
    return value === segment.text;
  }
  // Software on the way folds "." and ".." away, encoded or not, and another resource is reached.
  return value !== "" && value !== "." && value !== ".." && isWellFormed(value);
}

// Half a surrogate pair has no UTF-8.
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
