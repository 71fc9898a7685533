import {
  type DescField,
  type DescMethod,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  FieldValueError,
  percentEncode,
  shown,
  valueFromText,
  valueToText,
} from "./field-values.js";
import type { HttpMethod, HttpRule, PathVariable } from "./http-rule.js";
import { isJsonObject, messageFromJson } from "./json.js";
import { type Segment, variablePattern } from "./path-template.js";
import { readQuery, renderQuery } from "./query.js";
import type { PathValues } from "./router.js";

/** A request over HTTP. */
export interface RenderedRequest {
  readonly method: HttpMethod;
  /** The path, percent-encoded: `/v1/workspaces/w/…`. */
  readonly path: string;
  /** The query without its question mark; empty for none. */
  readonly query: string;
  /** The body, in JSON; undefined for none. */
  readonly body: string | undefined;
}

/**
 * The request of a message, as its RPC's rule tells. Fields that are unset are left out.
 *
 * @throws FieldValueError where a value does not match the template of its path variable, or has no
 * UTF-8.
 */
export function renderRequest(
  rule: HttpRule,
  message: MessageShape<DescMethod["input"]>,
): RenderedRequest {
  const reflected = reflect(rule.rpc.input, message);
  const body = renderBody(rule, reflected);
  return {
    method: rule.method,
    path: renderPath(rule, reflected),
    query: renderQuery(rule, reflected),
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

function renderBody(
  { rpc, body, variables }: HttpRule,
  message: ReflectMessage,
): JsonValue | undefined {
  if (body.kind === "none") {
    return undefined;
  }
  const inPath = new Set<DescField>(variables.map(({ field }) => field));
  const fields =
    body.kind === "field" ? [body.field] : rpc.input.fields.filter((field) => !inPath.has(field));
  const part = reflect(rpc.input, undefined, false);
  for (const field of fields.filter((one) => message.isSet(one))) {
    part.set(field, message.get(field));
  }
  const json = toJson(rpc.input, part.message);
  if (body.kind === "message") {
    return json;
  }
  return isJsonObject(json) ? json[body.field.jsonName] : undefined;
}

/**
 * The path of a request, with values of the message for its variables. Their slashes stay slashes;
 * whatever else is not unreserved is percent-encoded.
 *
 * @throws FieldValueError where a value does not match the template of its variable.
 */
function renderPath(rule: HttpRule, message: ReflectMessage): string {
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
  const { name, field, start, end } = variable;
  const text = valueToText(field, message.get(field));
  const values = text.split("/");
  const expected = template.segments.slice(start, end);
  if (
    values.length !== expected.length ||
    !expected.every((segment, index) => fits(segment, values[index] ?? ""))
  ) {
    const pattern = variablePattern(template, variable);
    throw new FieldValueError(name, `must match ${pattern}, but is ${shown(text)}`);
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
  for (const [{ field }, text] of pathValues) {
    reflected.set(field, valueFromText(field, text));
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
