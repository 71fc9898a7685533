import type { JsonValue } from "@bufbuild/protobuf";
import {
  type PathTemplate,
  parsePathTemplate,
  type TemplateVariable,
} from "../../rest-rules/path-template.js";
import { matchPath, splitPath } from "../../rest-rules/router.js";
import type { ControlOperations } from "./control-operations.js";

/** Where the control API is. */
export const CONTROL_PATH = "/_stub/v1";

/** What an operation is given of its request. */
export interface ControlCall {
  /** The value of the path's variable; empty where it has none. */
  readonly variable: string;
  /** The body; undefined where it is empty. */
  readonly body: JsonValue | undefined;
  /** The port that the caller's connection comes from. */
  readonly remotePort: number | undefined;
}

/** An operation of the control API. */
export interface ControlRoute {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** As google.api.http writes paths. */
  readonly path: string;
  /** Whether all connections end by it, the caller's right after its answer. */
  readonly endsConnections?: true;
  readonly operation: (
    operations: ControlOperations,
    call: ControlCall,
  ) => JsonValue | Promise<JsonValue>;
}

const ENGINE = `${CONTROL_PATH}/{name=workspaces/*/sandboxEngines/*}`;
const FAULTS = `${CONTROL_PATH}/faults`;
const FAULT = `${FAULTS}/{id}`;

/** Every operation of the control API. */
export const CONTROL_ROUTES: readonly ControlRoute[] = [
  { method: "GET", path: ENGINE, operation: (on, { variable }) => on.getEngine(variable) },
  {
    method: "PUT",
    path: ENGINE,
    operation: (on, { variable, body }) => on.putEngine(variable, body),
  },
  { method: "DELETE", path: ENGINE, operation: (on, { variable }) => on.deleteEngine(variable) },
  { method: "GET", path: FAULTS, operation: (on) => on.listFaults() },
  { method: "POST", path: FAULTS, operation: (on, { body }) => on.addFault(body) },
  { method: "DELETE", path: FAULTS, operation: (on) => on.clearFaults() },
  { method: "GET", path: FAULT, operation: (on, { variable }) => on.getFault(variable) },
  { method: "DELETE", path: FAULT, operation: (on, { variable }) => on.removeFault(variable) },
  { method: "GET", path: `${CONTROL_PATH}/calls`, operation: (on) => on.calls() },
  {
    method: "POST",
    path: `${CONTROL_PATH}/restart`,
    endsConnections: true,
    operation: (on, { body, remotePort }) => on.restart(body, remotePort),
  },
];

const MATCHERS = CONTROL_ROUTES.map((route) => {
  const template: PathTemplate = parsePathTemplate(route.path);
  return { route, template, variables: template.variables };
});

/** What a request is for. */
export type FoundControl =
  | { readonly kind: "found"; readonly route: ControlRoute; readonly variable: string }
  /** The path has other methods. */
  | { readonly kind: "other method"; readonly allowed: readonly string[] }
  | { readonly kind: "unknown path" };

/** Finds the operation for a request with this method and this path, which has no query. */
export function findControlRoute(method: string, path: string): FoundControl {
  const segments = splitPath(path) ?? [];
  const matches = MATCHERS.flatMap((matcher) => {
    const values: ReadonlyMap<TemplateVariable, string> | undefined = matchPath(matcher, segments);
    return values === undefined ? [] : [{ route: matcher.route, variable: firstOf(values) }];
  });
  const found = matches.find(({ route }) => route.method === method);
  if (found !== undefined) {
    return { kind: "found", ...found };
  }
  const allowed = matches.map(({ route }) => route.method);
  return allowed.length === 0 ? { kind: "unknown path" } : { kind: "other method", allowed };
}

function firstOf(values: ReadonlyMap<TemplateVariable, string>): string {
  const [value = ""] = values.values();
  return value;
}
