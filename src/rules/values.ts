import { InvalidInputError, shownValue } from "../errors/invalid-input-error.js";
import { signalNumber } from "../model/signals.js";
import type { Rule } from "./check-options.js";

export const INT32_MAX = 2_147_483_647;
export const UINT32_MAX = 4_294_967_295;

/** The rule for an option that may be left out: undefined passes, and means the default. */
export function optional(rule: Rule): Rule {
  return (field, value) => {
    if (value !== undefined) {
      rule(field, value);
    }
  };
}

/** The rule for one of a few texts. */
export function oneOf(...choices: readonly string[]): Rule {
  const quoted = choices.map((choice) => JSON.stringify(choice));
  const rule = `must be ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return (field, value) => {
    if (typeof value !== "string" || !choices.includes(value)) {
      throw new InvalidInputError(field, rule, shownValue(value));
    }
  };
}

/** The rule for a whole number. Without `most`, it is one that JavaScript can count. */
export function wholeNumber(least: number, most?: number): Rule {
  const rule = `must be a whole number${most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`}`;
  const highest = most ?? Number.MAX_SAFE_INTEGER;
  return (field, value) => {
    if (!(isNumber(value) && Number.isInteger(value) && value >= least && value <= highest)) {
      throw new InvalidInputError(field, rule, shownValue(value));
    }
  };
}

/** Refuses what is no text. */
export function requireString(field: string, value: unknown): asserts value is string {
  if (typeof value !== "string") {
    throw new InvalidInputError(field, "must be a string", shownValue(value));
  }
}

/** Refuses what is not a text with something in it. Never shown: it may be secret. */
export function requireUnshownText(field: string, value: unknown): void {
  if (typeof value !== "string" || value === "") {
    throw new InvalidInputError(field, "must be a string that is not empty");
  }
}

/** Refuses what is neither true nor false. */
export function requireBoolean(field: string, value: unknown): void {
  if (typeof value !== "boolean") {
    throw new InvalidInputError(field, "must be true or false", shownValue(value));
  }
}

/** Refuses what cannot be called. */
export function requireFunction(field: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new InvalidInputError(field, "must be a function", shownValue(value));
  }
}

/** Refuses what is no AbortSignal. */
export function requireAbortSignal(field: string, value: unknown): void {
  // Not instanceof: test runners and polyfills bring an AbortSignal of their own.
  if (!(isObject(value) && "aborted" in value && typeof value.aborted === "boolean")) {
    throw new InvalidInputError(field, "must be an AbortSignal", shownValue(value));
  }
}

/** Refuses what output cannot be written to. */
export function requireWritable(field: string, value: unknown): void {
  const isWritable =
    isObject(value) &&
    "write" in value &&
    typeof value.write === "function" &&
    "on" in value &&
    typeof value.on === "function";
  if (!isWritable) {
    throw new InvalidInputError(field, "must be a Writable");
  }
}

/** Refuses headers that HTTP cannot carry. */
export function requireHeaders(field: string, value: unknown): void {
  try {
    // Its own check is the one that counts: it takes any kind of value, and refuses most.
    Reflect.construct(Headers, [value]);
  } catch {
    // Not shown, and no cause: a header may hold a token, and the cause's message shows the value.
    throw new InvalidInputError(field, "must be header names and values that HTTP allows");
  }
}

/** Refuses a duration that is not finite, or negative. */
export function requireDuration(field: string, value: unknown): void {
  if (!(isNumber(value) && Number.isFinite(value) && value >= 0)) {
    throw new InvalidInputError(field, "must be a finite number, 0 or more", shownValue(value));
  }
}

/** Refuses a duration without any time in it. */
export function requirePositiveDuration(field: string, value: unknown): void {
  requireDuration(field, value);
  if (value === 0) {
    throw new InvalidInputError(field, "must be more than 0", shownValue(value));
  }
}

/**
 * Refuses what is no path of a file. It is not shown: a caller who mixed the two up has put the
 * private key itself here.
 */
export function requirePath(field: string, value: unknown): void {
  if (typeof value !== "string" || value === "" || /\0|-----BEGIN|[\r\n]/.test(value)) {
    throw new InvalidInputError(field, "must be the path of a PEM file");
  }
}

/** The number of a signal; refuses what is none. */
export function requireSignal(field: string, signal: number | string): number {
  const number = signalNumber(signal);
  if (number === undefined) {
    const rule = "must be a Linux signal's number, 1 to 64, or its name, such as SIGTERM or TERM";
    throw new InvalidInputError(field, rule, shownValue(signal));
  }
  return number;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
