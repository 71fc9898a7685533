import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { requireFunction } from "../../errors/require-kind.js";
import { shown } from "../../errors/shown.js";
import type { RetryOptions } from "../../retry/retry-options.js";
import { MAX_HEADER_TIMEOUT_MS } from "../../transport/header-timeout.js";
import type { ClientHooks, ClientTimings } from "../client-options.js";
import { requireDuration } from "./numbers.js";

/** Refuses clocks that cannot be obeyed. An attempt, and silence, need some time. */
export function requireClientTimings({ attemptTimeoutMs, idleTimeoutMs }: ClientTimings): void {
  for (const [field, value] of Object.entries({ attemptTimeoutMs, idleTimeoutMs })) {
    requireDuration(field, value);
    if (value === 0) {
      throw new InvalidInputError(field, "must be more than 0", shown(value));
    }
  }
  if (attemptTimeoutMs !== undefined && attemptTimeoutMs > MAX_HEADER_TIMEOUT_MS) {
    const rule = `must be ${MAX_HEADER_TIMEOUT_MS} or less, which is what gRPC can carry`;
    throw new InvalidInputError("attemptTimeoutMs", rule, shown(attemptTimeoutMs));
  }
}

/** Refuses hooks that cannot be called. */
export function requireHooks({ onRetry, onResume, onProtocol }: ClientHooks): void {
  requireFunction("onRetry", onRetry);
  requireFunction("onResume", onResume);
  requireFunction("onProtocol", onProtocol);
}

/** Refuses retry options that cannot be obeyed. */
export function requireRetryOptions(field: string, retry: RetryOptions | false | undefined): void {
  if (retry === false || retry === undefined) {
    return;
  }
  if (typeof retry !== "object" || retry === null) {
    throw new InvalidInputError(field, "must be false or an object", shown(retry));
  }
  const { maxAttempts } = retry;
  if (maxAttempts !== undefined && !(Number.isInteger(maxAttempts) && maxAttempts >= 1)) {
    const rule = "must be a whole number, 1 or more";
    throw new InvalidInputError(`${field}.maxAttempts`, rule, shown(maxAttempts));
  }
  requireDuration(`${field}.maxOutageMs`, retry.maxOutageMs);
  requireDuration(`${field}.baseDelayMs`, retry.baseDelayMs);
  requireDuration(`${field}.maxDelayMs`, retry.maxDelayMs);
}

/**
 * Refuses what is no path of a file. It is not shown: a caller who mixed the two up has put the
 * private key itself here.
 */
export function requirePaths(paths: Readonly<Record<string, unknown>>): void {
  for (const [field, path] of Object.entries(paths)) {
    if (path !== undefined && !(typeof path === "string" && isPath(path))) {
      throw new InvalidInputError(field, "must be the path of a PEM file");
    }
  }
}

function isPath(path: string): boolean {
  return path !== "" && !path.includes("\0") && !/-----BEGIN|[\r\n]/.test(path);
}
