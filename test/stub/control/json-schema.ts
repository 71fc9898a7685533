type Json = Readonly<Record<string, unknown>>;

/** What a value breaks of a schema of an OpenAPI document, as far as ours has them; empty when nothing. */
export function violations(document: unknown, schema: unknown, value: unknown, at = "$"): string[] {
  const rules = resolve(document, schema);
  const check = (part: unknown, of: unknown, where = at) => violations(document, part, of, where);
  const found = entriesOf(rules["allOf"]).flatMap(([, part]) => check(part, value));
  if (rules["oneOf"] !== undefined) {
    const fitting = entriesOf(rules["oneOf"]).filter(([, part]) => check(part, value).length === 0);
    return fitting.length === 1 ? found : [...found, `${at} fits ${fitting.length} of oneOf`];
  }
  if (rules["enum"] !== undefined && !Object.values(Object(rules["enum"])).includes(value)) {
    found.push(`${at} is none of the enum`);
  }
  switch (rules["type"]) {
    case "object":
      return [...found, ...objectViolations(rules, value, at, check)];
    case "array":
      return Array.isArray(value)
        ? [
            ...found,
            ...value.flatMap((one, index) => check(rules["items"], one, `${at}[${index}]`)),
          ]
        : [...found, `${at} is no array`];
    case "integer":
    case "number": {
      const isWhole = rules["type"] === "number" || Number.isInteger(value);
      const isInside =
        Number(value) >= Number(rules["minimum"] ?? Number.NEGATIVE_INFINITY) &&
        Number(value) <= Number(rules["maximum"] ?? Number.POSITIVE_INFINITY);
      return typeof value === "number" && isWhole && isInside
        ? found
        : [...found, `${at} is no such number`];
    }
    case undefined:
      return found;
    default:
      return typeof value === rules["type"]
        ? found
        : [...found, `${at} is no ${String(rules["type"])}`];
  }
}

function objectViolations(
  rules: Json,
  value: unknown,
  at: string,
  check: (schema: unknown, value: unknown, at: string) => string[],
): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [`${at} is no object`];
  }
  const known = Object(rules["properties"]);
  const missing = entriesOf(rules["required"]).flatMap(([, name]) =>
    Object.hasOwn(value, String(name)) ? [] : `${at}.${String(name)} is missing`,
  );
  const others = entriesOf(value).flatMap(([name, one]) => {
    const schema = known[name] ?? rules["additionalProperties"] ?? {};
    return schema === false ? `${at}.${name} is not known` : check(schema, one, `${at}.${name}`);
  });
  return [...missing, ...others];
}

/** The schema itself, or what its `$ref` points to. */
export function resolve(document: unknown, schema: unknown): Json {
  const reference: unknown = Object(schema)["$ref"];
  if (typeof reference !== "string") {
    return Object(schema);
  }
  const target = reference
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((part, key) => Object(part)[key], document);
  if (target === undefined) {
    throw new Error(`${reference} points to nothing`);
  }
  return resolve(document, target);
}

/** The names and values of an object of JSON, which may not be there. */
export function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(Object(value ?? {}));
}
