import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { requireAbortSignal, requireObject } from "../../errors/require-kind.js";
import type { CallOptions } from "../call-options.js";
import { requireDuration } from "./numbers.js";

/** Refuses call options that cannot be obeyed. */
export function requireCallOptions(options: CallOptions): void {
  requireObject("options", options);
  const { signal, timeoutMs, headers } = options;
  requireAbortSignal("signal", signal);
  requireDuration("timeoutMs", timeoutMs);
  try {
    new Headers(headers);
  } catch {
    // Not shown, and no cause: a header may hold a token, and the cause's message shows the value.
    throw new InvalidInputError("headers", "must be names and values that HTTP can carry");
  }
}
