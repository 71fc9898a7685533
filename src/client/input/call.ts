import { InvalidInputError } from "../../errors/invalid-input-error.js";
import type { CallOptions } from "../call-options.js";
import { requireDuration } from "./numbers.js";
import { shown } from "./shown.js";

/** Refuses call options that cannot be obeyed. */
export function requireCallOptions(options: CallOptions): void {
  const { signal, timeoutMs, headers } = options;
  // Not instanceof: test runners and polyfills bring an AbortSignal of their own.
  if (signal !== undefined && typeof signal?.aborted !== "boolean") {
    throw new InvalidInputError("signal", "must be an AbortSignal", shown(signal));
  }
  requireDuration("timeoutMs", timeoutMs);
  try {
    new Headers(headers);
  } catch {
    // Not shown, and no cause: a header may hold a token, and the cause's message shows the value.
    throw new InvalidInputError("headers", "must be names and values that HTTP can carry");
  }
}
