import { InvalidInputError, shownValue } from "../errors/invalid-input-error.js";

/**
 * Refuses a value that cannot be used, by an InvalidInputError with the field. Whether undefined
 * passes, because it means the default, is up to the rule.
 */
export type Rule = (field: string, value: unknown) => void;

/** All names that an options object may have, each with the rule for its value. */
export type Rules = Readonly<Record<string, Rule>>;

/** The values of an options object by their names. */
export type Values = Readonly<Record<string, unknown>>;

/** A name that is in no table, and what to say about it. */
export interface UnknownName {
  readonly name: string;
  /** Such as `is not known; did you mean timeoutMs?`. */
  readonly rule: string;
}

/**
 * Checks the options object of a method. That the options' type and the table have the same names
 * is checked by the compiler, where the function is called.
 */
export type OptionsCheck<R extends Rules> = <T extends object>(
  options: T & SameNames<T, R>,
) => void;

/** T, if its names are those of the table: else no value at all, so that the call fails to compile. */
export type SameNames<T, R> = [keyof T, keyof R] extends [keyof R, keyof T] ? T : never;

/**
 * Makes the check of an options object, whose names stand alone in messages: `timeoutMs`, not
 * `options.timeoutMs`.
 *
 * @param together is called last, for rules about several options at once.
 */
export function optionsCheck<R extends Rules>(
  rules: R,
  { object = "options", together }: { object?: string; together?: (values: Values) => void } = {},
): OptionsCheck<R> {
  return (options: unknown) => {
    checkOptions(object, options, rules, "");
    together?.(options);
  };
}

/**
 * Refuses what is no object, a name that is not in the table, and a value that breaks its rule; in
 * this order. Unknown names whose value is undefined pass: they come from spreading an object that
 * has more to it, and ask for nothing.
 *
 * @param prefix what messages put before the names.
 */
export function checkOptions(
  field: string,
  value: unknown,
  rules: Rules,
  prefix = `${field}.`,
): asserts value is Values {
  requireObject(field, value);
  const unknown = unknownName(value, rules);
  if (unknown) {
    // Never with its value: it may be a secret whose name was mistyped.
    throw new InvalidInputError(`${prefix}${unknown.name}`, unknown.rule);
  }
  // Not Object.entries(), here and below: this is on the way of each call.
  for (const name in rules) {
    rules[name]?.(prefix + name, value[name]);
  }
}

/**
 * Refuses what is no object with named values: also an array or a Map, whose entries would be left
 * out silently. A text is not shown: it may be an address with a password, or a token.
 */
export function requireObject(field: string, value: unknown): asserts value is Values {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = typeof value === "string" ? "a string" : shownValue(value);
    throw new InvalidInputError(field, "must be an object", kind);
  }
  if (Symbol.iterator in value) {
    throw new InvalidInputError(field, "must be an object", "a Map or another iterable");
  }
}

/** The first name of an object that is not in the table and has a value. */
export function unknownName(
  values: Values,
  known: Readonly<Record<string, unknown>>,
): UnknownName | undefined {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(known, name) && values[name] !== undefined) {
      const names = Object.keys(known);
      const near = nearestName(name, names);
      const hint = near === undefined ? `known are: ${names.join(", ")}` : `did you mean ${near}?`;
      return { name: shownName(name), rule: `is not known; ${hint}` };
    }
  }
  return undefined;
}

const PLAIN_NAME = /^[\w$]{1,64}$/;

function shownName(name: string): string {
  return PLAIN_NAME.test(name) ? name : shownValue(name);
}

// What other libraries call the same thing; by the plain form of their names.
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  abortsignal: ["signal"],
  address: ["aiemUrl", "discoveryAddress"],
  argv: ["args"],
  arguments: ["args"],
  baseurl: ["aiemUrl"],
  ca: ["sslCaCert"],
  cert: ["sslClientCert"],
  cmd: ["command"],
  cwd: ["workingDirectory"],
  deadline: ["timeoutMs", "timeoutSeconds"],
  endpoint: ["aiemUrl"],
  env: ["environmentVariables"],
  environment: ["environmentVariables"],
  id: ["processId"],
  insecure: ["verifySsl"],
  interval: ["pollIntervalSeconds"],
  key: ["sslClientKey"],
  metadata: ["headers"],
  pollintervalms: ["pollIntervalSeconds"],
  rejectunauthorized: ["verifySsl"],
  retries: ["retry", "maxAttempts"],
  maxretries: ["retry", "maxAttempts"],
  secretenv: ["secretEnvironmentVariables"],
  secrets: ["secretEnvironmentVariables"],
  timeout: ["timeoutMs", "timeoutSeconds", "httpTimeoutMs"],
  timeoutms: ["timeoutSeconds", "httpTimeoutMs"],
  timeoutseconds: ["timeoutMs", "httpTimeoutMs"],
  token: ["tokenProvider", "refreshToken"],
  url: ["aiemUrl"],
  verifytls: ["verifySsl"],
  workdir: ["workingDirectory"],
};

/** The known name that was most likely meant; undefined where none is near. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const plain = plainForm(name);
  const alias = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : undefined;
  const meant = alias?.find((each) => known.includes(each));
  if (meant !== undefined || !PLAIN_NAME.test(name)) {
    return meant;
  }
  let nearest: string | undefined;
  // One letter of a short name, a third of a long one.
  let least = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const each of known) {
    const distance = editDistance(plain, plainForm(each));
    if (distance < least) {
      least = distance;
      nearest = each;
    }
  }
  return nearest;
}

// verifySSL, verify_ssl and verifySsl are one name written in three ways.
function plainForm(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

/** How many letters must be inserted, removed or replaced to make one name the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const [diagonal = 0, above = 0] = [row[column], row[column + 1]];
      const left = next[column] ?? 0;
      next.push(Math.min(above + 1, left + 1, diagonal + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
