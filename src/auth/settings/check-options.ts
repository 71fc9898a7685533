import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { requireBoolean } from "../../errors/require-kind.js";
import type { AuthHttpOptions } from "../http/auth-http-options.js";

/** Refuses a value that is not a text with something in it; never shows it. */
export function requireText(field: string, value: unknown): void {
  if (typeof value !== "string" || value === "") {
    throw new InvalidInputError(field, "must be a string that is not empty");
  }
}

/** The same, for an option that may be left out. */
export function requireTextIfGiven(field: string, value: unknown): void {
  if (value !== undefined) {
    requireText(field, value);
  }
}

/**
 * The options of the HTTP requests as they are now.
 *
 * @throws InvalidInputError for what cannot be.
 */
export function checkedHttpOptions(options: AuthHttpOptions): AuthHttpOptions {
  const { verifySsl, sslCaCert, httpTimeoutMs } = options;
  requireBoolean("verifySsl", verifySsl);
  requireTextIfGiven("sslCaCert", sslCaCert);
  if (httpTimeoutMs !== undefined && !(Number.isFinite(httpTimeoutMs) && httpTimeoutMs > 0)) {
    throw new InvalidInputError("httpTimeoutMs", "must be a number of milliseconds above 0");
  }
  return { verifySsl, sslCaCert, httpTimeoutMs };
}
