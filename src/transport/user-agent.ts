import type { Interceptor } from "@connectrpc/connect";
import { VERSION } from "./version.js";

const HEADER = "user-agent";

/** Tells the server which client this is, unless the caller or an interceptor tells otherwise. */
export const userAgent: Interceptor = (next) => (req) => {
  const given = req.header.get(HEADER);
  // Connect sets its own name and version where nobody else has.
  if (given === null || given.startsWith("connect-es/")) {
    const parts = [
      `aiem-process-client/${VERSION}`,
      ...(given === null ? [] : [given]),
      `node/${process.versions.node}`,
    ];
    req.header.set(HEADER, parts.join(" "));
  }
  return next(req);
};
