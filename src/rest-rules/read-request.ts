import type { DescMethod, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";

import { ensureParent } from "./field-path.js";
import { FieldValueError } from "./field-value-error.js";
import type { HttpRule } from "./http-rule.js";
import { messageFromJson } from "./json/message-from-json.js";
import type { PathValues } from "./match-path.js";
import { readQuery } from "./read-query.js";
import { valueFromText } from "./text-values.js";

/** The parts of a request that make a message. */
export interface RequestParts {
  /** The values of the path's variables, as matchPath or a router found them. */
  readonly pathValues: PathValues;
  /** The query, percent-encoded, without its question mark. */
  readonly query: string;
  /** The body, parsed; undefined for none. It is ignored where the rule has no body. */
  readonly body: JsonValue | undefined;
}

/**
 * Makes the message of a request. What the path says wins over the body. With `body: "*"` there is
 * no query.
 *
 * @throws FieldValueError for a value that does not fit its field; URIError for a malformed query.
 */
export function readRequest(
  rule: HttpRule,
  { pathValues, query, body }: RequestParts,
): MessageShape<DescMethod["input"]> {
  const message = messageFromJson(rule.rpc.input, bodyOfMessage(rule, body));
  const reflected = reflect(rule.rpc.input, message);
  readQuery(rule, reflected, query);
  for (const [{ name, path }, text] of pathValues) {
    try {
      ensureParent(reflected, path).set(path.leaf, valueFromText(path.leaf, text));
    } catch (error) {
      throw new FieldValueError(name, error instanceof Error ? error.message : String(error));
    }
  }
  return message;
}

// The body of one field is that field of the message's JSON.
function bodyOfMessage({ body: binding }: HttpRule, body: JsonValue | undefined): JsonValue {
  if (binding.kind === "none" || body === undefined) {
    return {};
  }
  return binding.kind === "message" ? body : { [binding.field.jsonName]: body };
}
