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

/** Makes the error for a name that is not known; `rule` is such as `is not known; did you mean …?`. */
export type RefuseUnknown = (field: string, rule: string) => Error;

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
  { together }: { together?: (values: Values) => void } = {},
): OptionsCheck<R> {
  return (options: unknown) => {
    checkOptions("options", options, rules, "");
    together?.(options);
  };
}

/**
 * Refuses what is no object, a name that is not in the table, and a value that breaks its rule; in
 * this order. Unknown names whose value is undefined pass: they come from spreading an object that
 * has more to it, and ask for nothing.
 *
 * @param prefix what messages put before the names.
 * @param refuseUnknown for who tells unknown names in another way than by InvalidInputError.
 */
export function checkOptions(
  field: string,
  value: unknown,
  rules: Rules,
  prefix = `${field}.`,
  refuseUnknown: RefuseUnknown = refuseAsInput,
): asserts value is Values {
  requireObject(field, value);
  const unknown = unknownName(value, rules);
  if (unknown) {
    // Never with its value: it may be a secret whose name was mistyped.
    throw refuseUnknown(`${prefix}${unknown.name}`, unknown.rule);
  }
  // Not Object.entries(), here and below: this is on the way of each call.
  for (const name in rules) {
    rules[name]?.(prefix + name, value[name]);
  }
}

/**
 * Runs checks for a caller who is told by TypeErrors, since no service with codes is behind it; without
 * the refused value.
 *
 * @throws TypeError such as `port: must be a whole number from 0 to 65535`.
 */
export function refusingByTypeError(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof InvalidInputError
      ? new TypeError(`${error.field}: ${error.rule}`)
      : error;
  }
}

function refuseAsInput(field: string, rule: string): Error {
  return new InvalidInputError(field, rule);
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

/**
 * How many letters must be inserted, removed, replaced or swapped with the next one to make one name
 * the other.
 */
function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 0; row < from.length; row += 1) {
    const next = [row + 1];
    for (let column = 0; column < to.length; column += 1) {
      const [diagonal = 0, above = 0] = [last[column], last[column + 1]];
      const left = next[column] ?? 0;
      const replaced = diagonal + (from[row] === to[column] ? 0 : 1);
      const isSwap = column > 0 && from[row] === to[column - 1] && from[row - 1] === to[column];
      const swapped = isSwap ? (beforeLast[column - 1] ?? 0) + 1 : replaced;
      next.push(Math.min(above + 1, left + 1, replaced, swapped));
    }
    beforeLast = last;
    last = next;
  }
  return last[to.length] ?? 0;
}
