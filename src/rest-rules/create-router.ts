import type { HttpRule } from "./http-rule.js";
import { matchPath, type PathValues, splitPath } from "./match-path.js";

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
