import {
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type FieldPath, type MessageField, protoPath, resolveFieldPath } from "./field-path.js";
import { isTextField } from "./field-values.js";
import { type PathTemplate, parsePathTemplate, type TemplateVariable } from "./path-template.js";

/** The methods of HTTP that a rule can name. */
export type HttpMethod = "GET" | "PUT" | "POST" | "DELETE" | "PATCH";

/** What of a message travels in the body of a request. */
export type BodyBinding =
  | { readonly kind: "none" }
  /** `body: "*"`: every field that is not in the path. */
  | { readonly kind: "message" }
  /** `body: "field"`: the value of one field. */
  | { readonly kind: "field"; readonly field: DescField };

/** A variable of a path and the field that it is bound to. */
export interface PathVariable extends TemplateVariable {
  readonly path: FieldPath;
}

/** How one RPC is mapped to HTTP, as its google.api.http option says. */
export interface HttpRule {
  readonly rpc: DescMethod;
  readonly method: HttpMethod;
  readonly template: PathTemplate;
  readonly variables: readonly PathVariable[];
  readonly body: BodyBinding;
  /** The fields that travel in the query, by their paths in proto names: `page_size`. */
  readonly query: ReadonlyMap<string, FieldPath>;
}

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

/**
 * The fields that are neither in the path nor in the body, and travel in the query: those of nested
 * messages one by one.
 *
 * @throws HttpRuleError for a field that no query can carry.
 */
export function queryFields(
  rpc: DescMethod,
  variables: readonly PathVariable[],
  body: BodyBinding,
): ReadonlyMap<string, FieldPath> {
  const found = new Map<string, FieldPath>();
  const inPath = new Set(variables.map(({ path }) => protoPath(path)));

  function collect(message: DescMessage, parents: readonly MessageField[]): void {
    for (const leaf of message.fields) {
      const path = { parents, leaf };
      const name = protoPath(path);
      if (inPath.has(name) || (body.kind === "field" && body.field === leaf)) {
        continue;
      }
      if (isTextField(leaf)) {
        found.set(name, path);
        continue;
      }
      if (leaf.fieldKind !== "message" || isOpaque(leaf.message) || parents.includes(leaf)) {
        throw new HttpRuleError(rpc, `no query can carry the field ${name}`);
      }
      collect(leaf.message, [...parents, leaf]);
    }
  }

  if (body.kind !== "message") {
    collect(rpc.input, []);
  }
  return found;
}

// Those of the well-known types that are not written field by field, or not as text.
function isOpaque({ typeName, fields }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.") && fields.length > 0;
}

/** A google.api.http rule that is missing, wrong, or of a kind that is not supported. */
export class HttpRuleError extends Error {
  override readonly name = "HttpRuleError";

  constructor({ parent, name }: DescMethod, reason: string) {
    super(`google.api.http of ${parent.typeName}.${name}: ${reason}`);
  }
}
