import type { HttpRule, PathVariable } from "./http-rule.js";
import { percentDecode } from "./percent-encoding.js";

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

/** The values of the rule's variables in a path; undefined where the path is another. */
export function matchPath(
  { template, variables }: HttpRule,
  segments: readonly string[],
): PathValues | undefined {
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
