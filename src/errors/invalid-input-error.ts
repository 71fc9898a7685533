import { Code } from "@connectrpc/connect";
import { printable } from "./printable.js";

const SHOWN_CHARACTERS = 200;

/** An argument breaks a rule. Nothing was sent. */
export class InvalidInputError extends Error {
  /** Always `"InvalidInputError"`. */
  override readonly name = "InvalidInputError";
  /** Always `Code.InvalidArgument`. */
  readonly code = Code.InvalidArgument;
  /** The argument or option, such as `processId` or `spec.workingDirectory`. */
  readonly field: string;
  /** What the field must be, such as `must be an absolute path`. */
  readonly rule: string;

  /** @param shown the value as the message may show it; leave it out for what may be secret. */
  constructor(field: string, rule: string, shown?: string) {
    super(`${field} ${rule}${shown === undefined ? "" : `, but is ${shown}`}`);
    this.field = field;
    this.rule = rule;
  }
}

/**
 * A refused value as an error message may show it: quoted, and cut where it is long. Of objects only
 * that they are some: what they hold may be secret, and turning them into text may throw.
 */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return cut(JSON.stringify(value));
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    case "function":
      return "a function";
    default:
      return cut(String(value));
  }
}

function cut(whole: string): string {
  const text = printable(whole.slice(0, SHOWN_CHARACTERS + 1));
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
