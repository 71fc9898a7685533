import { Code } from "@connectrpc/connect";
import type { Fate } from "./fates.js";

const PROXY_CODES: Readonly<Record<number, Code>> = {
  403: Code.PermissionDenied,
  404: Code.Unimplemented,
  500: Code.Unknown,
};

/** The code of an answer that no other attempt would change; undefined for any other fate. */
export function fatalCode(fate: Fate): Code | undefined {
  if ("answer" in fate) {
    return PROXY_CODES[fate.answer.status];
  }
  if (!("status" in fate)) {
    return undefined;
  }
  const { code, pushback } = fate.status;
  switch (code) {
    // As a status it is the server's own word. A foreign transport words breaks so, too, and those are
    // met with another attempt.
    case Code.Canceled:
    case Code.Internal:
    case Code.PermissionDenied:
      return code;
    case Code.ResourceExhausted:
      return pushback === undefined ? code : undefined;
    default:
      return pushback === "-1" ? code : undefined;
  }
}
