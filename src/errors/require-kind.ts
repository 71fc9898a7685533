import { InvalidInputError } from "./invalid-input-error.js";
import { shown } from "./shown.js";

/**
 * Refuses what is no object with named values, such as options. A text is not shown: it may be an
 * address with a password, or a token.
 */
export function requireObject(field: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = typeof value === "string" ? "a string" : shown(value);
    throw new InvalidInputError(field, "must be an object", kind);
  }
}

/** Refuses what is no text. Undefined passes: it means the default. */
export function requireString(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== "string") {
    throw new InvalidInputError(field, "must be a string", shown(value));
  }
}

/** Refuses what is neither true nor false. Undefined passes: it means the default. */
export function requireBoolean(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new InvalidInputError(field, "must be true or false", shown(value));
  }
}

/** Refuses what cannot be called. Undefined passes: it means that there is none. */
export function requireFunction(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw new InvalidInputError(field, "must be a function", shown(value));
  }
}

/** Refuses what is no AbortSignal. Undefined passes: it means that there is none. */
export function requireAbortSignal(field: string, value: AbortSignal | undefined): void {
  // Not instanceof: test runners and polyfills bring an AbortSignal of their own.
  if (value !== undefined && typeof value?.aborted !== "boolean") {
    throw new InvalidInputError(field, "must be an AbortSignal", shown(value));
  }
}
