import type { DescMethod, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

import type { HttpMethod, HttpRule } from "./http-rule.js";
import { isJsonObject } from "./json/json-object.js";
import { messageToJson } from "./json/message-to-json.js";
import { renderPath } from "./render-path.js";
import { renderQuery } from "./render-query.js";

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
  const inPath = new Set(
    variables.filter(({ path }) => path.parents.length === 0).map(({ path }) => path.leaf),
  );
  const fields =
    body.kind === "field" ? [body.field] : rpc.input.fields.filter((field) => !inPath.has(field));
  const part = reflect(rpc.input, undefined, false);
  for (const field of fields.filter((one) => message.isSet(one))) {
    part.set(field, message.get(field));
  }
  const json = messageToJson(rpc.input, part.message, { emitUnpopulated: false });
  if (body.kind === "message") {
    return json;
  }
  return isJsonObject(json) ? json[body.field.jsonName] : undefined;
}
