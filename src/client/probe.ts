import type { Process } from "../model/process.js";
import { CallScope } from "../retry/call-scope.js";
import { CallRecord } from "../transport/call-record.js";
import { getCall } from "./get-process.js";
import type { Attempt, Rpc } from "./rpc.js";

const PROBE_TIMEOUT_MS = 10_000;

/**
 * Looks at the process when a long call on it has been silent for too long, on the connection of
 * that call. Without an answer the connection is given up, which ends all calls on it: a half-open
 * connection is silent for ever.
 */
export async function probe(
  rpc: Rpc,
  name: string,
  silent: CallRecord,
  signal: AbortSignal,
  headers: HeadersInit | undefined,
): Promise<Attempt<Process>> {
  const record = new CallRecord({ affinity: silent });
  const scope = new CallScope(`looking at ${name}`, { signals: [signal] });
  try {
    const timeoutMs = PROBE_TIMEOUT_MS;
    const attempt = await rpc.attempt(getCall(name), scope, { headers, record, timeoutMs });
    if (!attempt.ok && attempt.failure.kind === "deadline") {
      rpc.settings.own?.markDead(silent);
    }
    return attempt;
  } finally {
    scope.release();
  }
}
