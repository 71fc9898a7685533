import { isFinished, type Process } from "../../model/process.js";
import { CallScope } from "../../retry/call-scope.js";
import { CallRecord } from "../../transport/call-record.js";
import { headerTimeoutMs } from "../../transport/header-timeout.js";
import { PROBE_TIMEOUT_MS, probe } from "../probe.js";
import { processOf } from "../process-answer.js";
import type { Attempt, Rpc, RpcCall } from "../rpc.js";

// A local deadline resets the HTTP/2 stream, and about 1,000 resets in quick succession end the
// session with everything on it. So the server ends a slice, and we only if it does not.
const SERVER_GRACE_MS = 5_000;
// At the end of the whole wait the caller's limit matters more than one reset.
const LAST_GRACE_MS = 500;
// What tells a server's end of a slice from a deadline that has nothing to do with it: the clocks
// of both sides need not agree.
const LEAST_SHARE = 0.9;

/** One slice of a wait. */
export interface Slice {
  /** How long the server is asked to wait at most, in milliseconds. */
  readonly sliceMs: number;
  /** How long the whole wait may still take, in milliseconds. */
  remainingMs(): number;
  readonly headers: HeadersInit | undefined;
}

/**
 * Waits for at most about a slice.
 *
 * @returns the process, final or not; undefined if it was not final when the server's time was over.
 */
export async function waitSlice(
  rpc: Rpc,
  call: RpcCall<Process>,
  outer: CallScope,
  { sliceMs, remainingMs, headers }: Slice,
): Promise<Attempt<Process | undefined>> {
  const timeoutMs = Math.min(sliceMs + SERVER_GRACE_MS, remainingMs() + LAST_GRACE_MS);
  const scope = new CallScope(`WaitProcess of ${call.resource}`, {
    signals: [outer.signal],
    timeoutMs,
  });
  const record = new CallRecord();
  const began = performance.now();
  try {
    const attempt = await rpc.attempt(call, scope, {
      headers: withTimeout(headers, sliceMs),
      timeoutMs: "none",
      record,
    });
    if (attempt.ok || attempt.failure.kind !== "deadline") {
      return attempt;
    }
    if (performance.now() - began >= sliceMs * LEAST_SHARE) {
      return { ok: true, value: undefined };
    }
  } catch (error) {
    outer.signal.throwIfAborted();
    if (!scope.signal.aborted) {
      throw error;
    }
  } finally {
    scope.release();
  }
  if (remainingMs() < PROBE_TIMEOUT_MS) {
    // The wait ends with a look, which had better not go over a connection that may be dead.
    rpc.settings.own?.avoid(record);
    return { ok: true, value: undefined };
  }
  // A server or a proxy that does not know the header says nothing, or has a shorter limit of its
  // own. A dead connection says nothing either.
  const { look } = await probe(rpc, call.resource, record, outer.signal, headers);
  return look.ok && !isFinished(look.value) ? { ok: true, value: undefined } : look;
}

/** WaitProcess. */
export function waitCall(name: string): RpcCall<Process> {
  return {
    method: "WaitProcess",
    resource: name,
    send: async (service, options) =>
      processOf("WaitProcess", await service.waitProcess({ name }, options)),
  };
}

// Both protocols' headers: each server reads its own. grpc-gateway reads gRPC's.
function withTimeout(headers: HeadersInit | undefined, timeoutMs: number): Headers {
  const milliseconds = headerTimeoutMs(timeoutMs);
  const withTimeout = new Headers(headers);
  withTimeout.set("grpc-timeout", `${milliseconds}m`);
  withTimeout.set("connect-timeout-ms", `${milliseconds}`);
  return withTimeout;
}
