import { type DescField, type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import { isTextField, type TextField } from "./field-values.js";
import { type PathTemplate, parsePathTemplate, type TemplateVariable } from "./path-template.js";

/** The methods of HTTP that a rule can name. */
export type HttpMethod = "GET" | "POST";

/** What of a message travels in the body of a request. */
export type BodyBinding =
  | { readonly kind: "none" }
  /** `body: "*"`: every field that is not in the path. */
  | { readonly kind: "message" }
  /** `body: "field"`: the value of one field. */
  | { readonly kind: "field"; readonly field: DescField };

/** A variable of a path and the field that it is bound to. */
export interface PathVariable extends TemplateVariable {
  readonly field: TextField;
}

/** How one RPC is mapped to HTTP, as its google.api.http option says. */
export interface HttpRule {
  readonly rpc: DescMethod;
  readonly method: HttpMethod;
  /** The path as it is written in the option. */
  readonly path: string;
  readonly template: PathTemplate;
  readonly variables: readonly PathVariable[];
  readonly body: BodyBinding;
  /** The fields that travel in the query. */
  readonly query: readonly TextField[];
}

/** A google.api.http rule that is missing, wrong, or of a kind that is not supported. */
export class HttpRuleError extends Error {
  override readonly name = "HttpRuleError";

  constructor({ parent, name }: DescMethod, reason: string) {
    super(`google.api.http of ${parent.typeName}.${name}: ${reason}`);
  }
}

const WHAT_TEXT_CAN_BE = "a string, int32, bool or enum that is neither repeated nor in a oneof";

/**
 * Reads how an RPC is mapped to HTTP from its google.api.http option.
 *
 * What the contract of AIEM does not use is refused: client streams, methods but GET and POST, `**`,
 * `*` outside a variable, additional bindings, `response_body`, a body of GET; and fields in the
 * path or the query that are nested, or anything but a single string, int32, bool or enum.
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
  if (pattern.case !== "get" && pattern.case !== "post") {
    const named = pattern.case === undefined ? "no method" : `the method "${pattern.case}"`;
    throw new HttpRuleError(rpc, `has ${named}; only "get" and "post" are supported`);
  }
  if (responseBody !== "") {
    throw new HttpRuleError(rpc, "response_body is not supported");
  }
  if (additionalBindings.length > 0) {
    throw new HttpRuleError(rpc, "additional_bindings are not supported");
  }
  const method = pattern.case === "get" ? "GET" : "POST";
  const template = readTemplate(rpc, pattern.value);
  const variables = template.variables.map((variable) => readVariable(rpc, variable));
  const body = readBody(rpc, method, bodyName);
  return {
    rpc,
    method,
    path: pattern.value,
    template,
    variables,
    body,
    query: queryFields(rpc, variables, body),
  };
}

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
  // A rule knows fields by their names in the proto file only.
  const field = rpc.input.fields.find(({ name }) => name === variable.name);
  if (field === undefined || !isTextField(field)) {
    const { typeName } = rpc.input;
    const reason = `the variable ${variable.name} is no field of ${typeName} that is ${WHAT_TEXT_CAN_BE}`;
    throw new HttpRuleError(rpc, reason);
  }
  return { ...variable, field };
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

/** The fields that are neither in the path nor in the body. */
function queryFields(
  rpc: DescMethod,
  variables: readonly PathVariable[],
  body: BodyBinding,
): readonly TextField[] {
  if (body.kind === "message") {
    return [];
  }
  const elsewhere = new Set<DescField>(variables.map(({ field }) => field));
  if (body.kind === "field") {
    elsewhere.add(body.field);
  }
  return rpc.input.fields
    .filter((field) => !elsewhere.has(field))
    .map((field) => {
      if (!isTextField(field)) {
        const reason = `the field ${field.name} would be in the query, and is not ${WHAT_TEXT_CAN_BE}`;
        throw new HttpRuleError(rpc, reason);
      }
      return field;
    });
}
