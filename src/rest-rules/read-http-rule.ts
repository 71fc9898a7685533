import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";

import { http } from "../../gen/google/api/annotations_pb.js";
import { protoPath, resolveFieldPath } from "./field-path.js";
import type { BodyBinding, HttpMethod, HttpRule, PathVariable } from "./http-rule.js";
import { HttpRuleError } from "./http-rule-error.js";
import { type PathTemplate, parsePathTemplate, type TemplateVariable } from "./path-template.js";
import { queryFields } from "./query-fields.js";

const HTTP_BODY = "google.api.HttpBody";

/**
 * Reads how an RPC is mapped to HTTP from its google.api.http option.
 *
 * Not supported, and refused: client streams, `**`, `*` outside a variable, additional bindings,
 * `response_body`, methods of one's own (`custom`), a body of GET, `google.api.HttpBody`; variables that are no singular
 * scalar or enum; and fields left to the query that none can carry: maps, messages that repeat, and
 * messages that contain themselves.
 *
 * @throws HttpRuleError where there is no rule, where it contradicts its message, and for what is
 * not supported.
 */
export function readHttpRule(rpc: DescMethod): HttpRule {
  if (!hasOption(rpc, http)) {
    throw new HttpRuleError(rpc, "the RPC has no rule");
  }
  if (rpc.methodKind === "client_streaming" || rpc.methodKind === "bidi_streaming") {
    throw new HttpRuleError(rpc, "a client's stream is not supported");
  }
  const { pattern, body: bodyName, responseBody, additionalBindings } = getOption(rpc, http);
  if (pattern.case === undefined || pattern.case === "custom") {
    throw new HttpRuleError(rpc, "has none of the methods GET, PUT, POST, DELETE and PATCH");
  }
  if (responseBody !== "") {
    throw new HttpRuleError(rpc, "response_body is not supported");
  }
  if (additionalBindings.length > 0) {
    throw new HttpRuleError(rpc, "additional_bindings are not supported");
  }
  if ([rpc.input, rpc.output].some(({ typeName }) => typeName === HTTP_BODY)) {
    throw new HttpRuleError(rpc, `${HTTP_BODY}, which is not JSON, is not supported`);
  }
  const method = METHODS[pattern.case];
  const template = readTemplate(rpc, pattern.value);
  const variables = template.variables.map((variable) => readVariable(rpc, variable));
  const body = readBody(rpc, method, bodyName);
  return { rpc, method, template, variables, body, query: queryFields(rpc, variables, body) };
}

const METHODS = {
  get: "GET",
  put: "PUT",
  post: "POST",
  delete: "DELETE",
  patch: "PATCH",
} satisfies Record<string, HttpMethod>;

function readTemplate(rpc: DescMethod, text: string): PathTemplate {
  let template: PathTemplate;
  try {
    template = parsePathTemplate(text);
  } catch (error) {
    throw new HttpRuleError(rpc, error instanceof Error ? error.message : String(error));
  }
  const { segments, variables } = template;
  const isBound = (index: number) =>
    variables.some(({ start, end }) => start <= index && index < end);
  if (segments.some(({ kind }, index) => kind === "wildcard" && !isBound(index))) {
    throw new HttpRuleError(rpc, `"*" outside a variable is not supported, in ${text}`);
  }
  return template;
}

function readVariable(rpc: DescMethod, variable: TemplateVariable): PathVariable {
  const path = resolveFieldPath(rpc.input, variable.name);
  const isSingle = path?.leaf.fieldKind === "scalar" || path?.leaf.fieldKind === "enum";
  if (
    path === undefined ||
    !isSingle ||
    // A rule knows fields by their names in the proto file only.
    protoPath(path) !== variable.name ||
    path.parents.some(({ message }) => message.typeName.startsWith("google.protobuf."))
  ) {
    throw new HttpRuleError(
      rpc,
      `the variable ${variable.name} is no scalar or enum of ${rpc.input.typeName}`,
    );
  }
  return { ...variable, path };
}

function readBody(rpc: DescMethod, method: HttpMethod, name: string): BodyBinding {
  if (name === "") {
    return { kind: "none" };
  }
  if (method === "GET") {
    throw new HttpRuleError(rpc, "a body of GET is not supported");
  }
  if (name === "*") {
    return { kind: "message" };
  }
  const field = rpc.input.fields.find((one) => one.name === name);
  if (field === undefined) {
    throw new HttpRuleError(rpc, `the body ${name} is no field of ${rpc.input.typeName}`);
  }
  return { kind: "field", field };
}
