import type { Fault, FaultTarget, OutputPoint } from "./stub-faults.js";

/**
 * Checks that a fault can strike at its point.
 *
 * @throws TypeError where it cannot.
 */
export function checkPoint(rule: Fault & FaultTarget): void {
  const { fault, method } = rule;
  const at: unknown = "at" in rule ? rule.at : undefined;
  if (isOutputPoint(at)) {
    if (method !== "StreamOutput") {
      throw new TypeError("at: output is counted in calls of StreamOutput: set that method");
    }
    if (fault === "http" || fault === "drop") {
      throw new TypeError(`at: ${fault} cannot strike once output is on its way`);
    }
    if (fault === "goaway") {
      checkProcessed(rule.processed, at);
    }
    return;
  }
  if (at !== undefined && at !== "before" && at !== "after") {
    throw new TypeError(
      'at: must be "before", "after", { bytes } or { messages } with an integer from 0',
    );
  }
  checkCallPoint(rule, at);
}

function checkCallPoint(rule: Fault & FaultTarget, at: "before" | "after" | undefined): void {
  switch (rule.fault) {
    case "end":
      throw new TypeError("at: end strikes in the output: give { bytes } or { messages }");
    case "no-trailers":
      if (at === "before") {
        throw new TypeError('at: what lacks is the end of a response: give "after", or a point');
      }
      return;
    case "drop":
      if (at === "before") {
        throw new TypeError('at: drop loses the response to an effect: use reset for "before"');
      }
      return;
    case "http":
      if (at === "after" && rule.method === "StreamOutput") {
        throw new TypeError("at: http cannot strike once output is on its way");
      }
      return;
    case "goaway":
      checkProcessed(rule.processed, at);
      return;
    case "status":
    case "delay":
    case "hang":
    case "reset":
    case "close":
    case "rst-stream":
    case "blackhole":
      return;
  }
}

function checkProcessed(processed: boolean | undefined, at: unknown): void {
  if (processed === false && at !== undefined && at !== "before") {
    throw new TypeError('processed: only at "before" can a call be told to be unprocessed');
  }
}

/** Whether this is a point in the output, and a possible one. */
function isOutputPoint(at: unknown): at is OutputPoint {
  if (typeof at !== "object" || at === null) {
    return false;
  }
  const [count, ...others] = Object.values(at);
  const isKnown = "bytes" in at || "messages" in at;
  return isKnown && others.length === 0 && Number.isInteger(count) && count >= 0;
}
