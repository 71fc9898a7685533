import { isFinished, type Process } from "../../model/process.js";
import { CallScope } from "../../retry/call-scope.js";
import { headerTimeoutMs } from "../../retry/header-timeout.js";
import { CallRecord } from "../../transport/call-record.js";
import { probe } from "../probe.js";
import { processOf } from "../process-answer.js";
import type { Attempt, Rpc, RpcCall } from "../rpc.js";

// A local deadline resets the HTTP/2 stream, and about 1,000 resets in quick succession end the
// session with everything on it. So the server ends a slice, and we only if it does not.
const SERVER_GRACE_MS = 5_000;

/**
 * Waits for at most about `sliceMs`.
 *
 * @returns the process, final or not; undefined if it was not final when the server's time was over.
 */
export async function waitSlice(
  rpc: Rpc,
  call: RpcCall<Process>,
  outer: CallScope,
  sliceMs: number,
  headers: HeadersInit | undefined,
): Promise<Attempt<Process | undefined>> {
  const timeoutMs = sliceMs + SERVER_GRACE_MS;
  const scope = new CallScope(`WaitProcess of ${call.resource}`, {
    signals: [outer.signal],
    timeoutMs,
  });
  const record = new CallRecord();
  try {
    const attempt = await rpc.attempt(call, scope, {
      headers: withTimeout(headers, sliceMs),
      timeoutMs: "none",
      record,
    });
    const over = !attempt.ok && attempt.failure.kind === "deadline";
    return over ? { ok: true, value: undefined } : attempt;
  } catch (error) {
    outer.signal.throwIfAborted();
    if (!scope.signal.aborted) {
      throw error;
    }
  } finally {
    scope.release();
  }
  // A server or a proxy that does not know the header says nothing. So does a dead connection.
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
