import type { Process } from "../model/process.js";
import { CallScope } from "../retry/call-scope.js";
import { CallRecord } from "../transport/call-record.js";
import { getCall } from "./get-process.js";
import type { Attempt, Rpc } from "./rpc.js";

/** How long an answer may take, in milliseconds. */
export const PROBE_TIMEOUT_MS = 10_000;

/** What a look at a process brought. */
export interface Probe {
  readonly look: Attempt<Process>;
  /** Whether it went over the connection of the silent call, so that it tells about that as well. */
  readonly sameConnection: boolean;
}

/**
 * Looks at the process when a long call on it has been silent for too long, on the connection of
 * that call if it takes another one. Without an answer the connection is given up, which ends all
 * calls on it: a half-open connection is silent for ever.
 */
export async function probe(
  rpc: Rpc,
  name: string,
  silent: CallRecord,
  signal: AbortSignal,
  headers: HeadersInit | undefined,
): Promise<Probe> {
  const record = new CallRecord({ affinity: silent });
  const scope = new CallScope(`looking at ${name}`, { signals: [signal] });
  try {
    const timeoutMs = PROBE_TIMEOUT_MS;
    const look = await rpc.attempt(getCall(name), scope, { headers, record, timeoutMs });
    // What another connection answers, or owes, says nothing about this one.
    const sameConnection = record.sharesConnectionWith(silent);
    if (sameConnection && !look.ok && look.failure.kind === "deadline") {
      rpc.settings.own?.markDead(silent);
    }
    return { look, sameConnection };
  } finally {
    scope.release();
  }
}
