import { percentDecode } from "./field-values.js";
import type { HttpRule, PathVariable } from "./http-rule.js";
import type { PathTemplate, TemplateVariable } from "./path-template.js";

/** Which rule a request is for, if any. */
export type Route =
  | { readonly kind: "found"; readonly rule: HttpRule; readonly pathValues: PathValues }
  /** No rule has this path. */
  | { readonly kind: "unknown path" }
  /** Rules have this path, but with other methods of HTTP. */
  | { readonly kind: "other method" }
  /** The path is none: it does not start with a slash, or `%XX` is malformed. */
  | { readonly kind: "malformed path" };

/** Finds the rule for a request with this method of HTTP and this path, which has no query. */
export type Router = (method: string, path: string) => Route;

/**
 * Makes a router as grpc-gateway has one: a rule with a verb is asked before one without, which
 * would take the verb as a part of its last segment.
 */
export function createRouter(rules: Iterable<HttpRule>): Router {
  const sorted = [...rules].sort((one, other) => rank(one) - rank(other));

  return (method, path) => {
    const segments = splitPath(path);
    if (segments === undefined) {
      return { kind: "malformed path" };
    }
    const last = segments.at(-1);
    const candidates = sorted.filter((rule) => rule.method === method);
    if (candidates.some(({ template: { verb } }) => verb !== undefined && last === `:${verb}`)) {
      return { kind: "unknown path" };
    }
    for (const rule of candidates) {
      const pathValues = matchPath(rule, segments);
      if (pathValues !== undefined) {
        return { kind: "found", rule, pathValues };
      }
    }
    const known = sorted.some((rule) => matchPath(rule, segments) !== undefined);
    return { kind: known ? "other method" : "unknown path" };
  };
}

function rank({ template }: HttpRule): number {
  return template.verb === undefined ? 1 : 0;
}

/** The values of a path's variables. */
export type PathValues = ReadonlyMap<PathVariable, string>;

/**
 * The segments of a request's path. It is decoded first and split then, as grpc-gateway does, so
 * that `%2F` is a slash. Undefined where it does not start with a slash, or `%XX` is malformed.
 */
export function splitPath(path: string): readonly string[] | undefined {
  const decoded = percentDecode(path);
  return decoded?.startsWith("/") ? decoded.slice(1).split("/") : undefined;
}

/**
 * The values of the rule's variables in a path, of google.api.http or of another table of paths;
 * undefined where the path is another.
 */
export function matchPath<V extends TemplateVariable>(
  { template, variables }: { readonly template: PathTemplate; readonly variables: readonly V[] },
  segments: readonly string[],
): ReadonlyMap<V, string> | undefined {
  const values = withoutVerb(segments, template.verb);
  if (
    values?.length !== template.segments.length ||
    !template.segments.every(
      (segment, index) => segment.kind === "wildcard" || segment.text === values[index],
    )
  ) {
    return undefined;
  }
  return new Map(
    variables.map((variable) => [variable, values.slice(variable.start, variable.end).join("/")]),
  );
}

// Without a verb of its own, a rule takes a colon as part of the last segment.
function withoutVerb(
  segments: readonly string[],
  verb: string | undefined,
): readonly string[] | undefined {
  if (verb === undefined) {
    return segments;
  }
  const last = segments.at(-1) ?? "";
  const suffix = `:${verb}`;
  return last.endsWith(suffix) && last !== suffix
    ? [...segments.slice(0, -1), last.slice(0, -suffix.length)]
    : undefined;
}
