/** One segment of a path: text as it is, or any one segment. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "wildcard" };

/** A variable of a path, which stands for the segments from `start` up to, not including, `end`. */
export interface TemplateVariable {
  /** The name of a field. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A path of google.api.http, such as `/v1/{name=workspaces/*}:start`. */
export interface PathTemplate {
  readonly segments: readonly Segment[];
  readonly variables: readonly TemplateVariable[];
  /** What follows the last colon; undefined without one. */
  readonly verb: string | undefined;
}

const VERB = /^(?<path>.*?)(?::(?<verb>[^/{}:*]+))?$/s;
// A variable with its own template, or anything up to the next slash.
const PART = /^\/(?:\{(?<name>[^{}=]*)(?:=(?<template>[^{}]*))?\}|(?<segment>[^/]*))/;
const NAME = /^[A-Za-z_]\w*$/;
const LITERAL = /^[^*{}=:]+$/;

/**
 * Parses a path by the grammar of google/api/http.proto, without `**` and fields of fields.
 *
 * @throws Error that tells what of the path is wrong or not supported.
 */
export function parsePathTemplate(text: string): PathTemplate {
  const { path = "", verb } = VERB.exec(text)?.groups ?? {};
  const segments: Segment[] = [];
  const variables: TemplateVariable[] = [];
  for (let rest = path; rest !== ""; ) {
    const [part, name, template, segment] = PART.exec(rest) ?? [];
    if (part === undefined) {
      throw new Error(`${JSON.stringify(text)} is not a path of segments that each follow a slash`);
    }
    rest = rest.slice(part.length);
    if (name === undefined) {
      segments.push(parseSegment(segment ?? "", text));
      continue;
    }
    if (!NAME.test(name) || variables.some((variable) => variable.name === name)) {
      throw new Error(`${JSON.stringify(name)} cannot be a variable of ${JSON.stringify(text)}`);
    }
    const start = segments.length;
    segments.push(...(template ?? "*").split("/").map((one) => parseSegment(one, text)));
    variables.push({ name, start, end: segments.length });
  }
  if (segments.length === 0) {
    throw new Error("the path is empty");
  }
  return { segments, variables, verb };
}

/** The template of a variable's value: `workspaces/*`. */
export function variablePattern(
  { segments }: PathTemplate,
  { start, end }: TemplateVariable,
): string {
  return segments
    .slice(start, end)
    .map((segment) => (segment.kind === "literal" ? segment.text : "*"))
    .join("/");
}

function parseSegment(segment: string, text: string): Segment {
  if (segment === "*") {
    return { kind: "wildcard" };
  }
  if (segment === "**") {
    throw new Error(`"**" is not supported, in ${JSON.stringify(text)}`);
  }
  if (!LITERAL.test(segment)) {
    throw new Error(
      `${JSON.stringify(segment)} cannot be a segment of the path ${JSON.stringify(text)}`,
    );
  }
  return { kind: "literal", text: segment };
}
