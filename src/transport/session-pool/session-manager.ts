import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import { currentAttempt } from "../call-context.js";
import { CallRecord } from "../call-record.js";
import type { SessionPool } from "./session-pool.js";

/** What connect-node asks for the streams of its calls. */
export type SessionManager = NonNullable<GrpcTransportOptions["sessionManager"]>;

/** Gives connect-node streams of `pool`. */
export function createSessionManager(authority: string, pool: SessionPool): SessionManager {
  return {
    authority,
    request(method, path, headers) {
      const attempt = currentAttempt() ?? {
        record: new CallRecord(),
        signal: new AbortController().signal,
        long: false,
      };
      return pool.open({ ...headers, ":method": method, ":path": path }, attempt);
    },
    // For managers that ping a silent server; a silent stream is asked about by another call.
    notifyResponseByteRead() {},
  };
}
