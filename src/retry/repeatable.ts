import type { Failure } from "../errors/failure.js";

/**
 * Whether a call that changes nothing may be sent again: whatever happened, unless the server has
 * given its word. A status with a pushback delay is one that passes.
 */
export function mayRepeatRead(failure: Failure): boolean {
  switch (failure.kind) {
    case "refused":
    case "lost":
    case "unavailable":
    case "deadline":
      return true;
    case "status":
      return failure.pushback !== undefined && failure.pushback !== "never";
  }
}

/** Whether a call may be sent again whatever it does: it is certain that nothing saw it. */
export function neverProcessed(failure: Failure): boolean {
  return failure.kind === "refused";
}

/** Whether the call may have had its effect although no answer came. */
export function mayHaveHadEffect(failure: Failure): boolean {
  switch (failure.kind) {
    case "lost":
    case "unavailable":
    case "deadline":
      return true;
    case "refused":
    case "status":
      return false;
  }
}
