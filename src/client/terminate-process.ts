import { Code } from "@connectrpc/connect";
import { WaitTimeoutError } from "../errors/wait-timeout-error.js";
import { type FinishedProcess, isFinished } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import { mayHaveHadEffect } from "../retry/repeatable.js";
import type { CallOptions } from "./call-options.js";
import { getProcess } from "./get-process.js";
import { requireCallOptions } from "./input/call.js";
import { requireDuration } from "./input/numbers.js";
import type { Rpc } from "./rpc.js";
import { trySignal } from "./send-signal.js";
import { waitProcess } from "./wait/wait-process.js";

const GRACE_MS = 10_000;

/** Options of `terminateProcess`. */
export interface TerminateProcessOptions extends CallOptions {
  /**
   * How long the process may take to end by itself after SIGTERM, in milliseconds. Then comes
   * SIGKILL.
   * @default 10_000
   */
  readonly graceMs?: number | undefined;
}

/**
 * See `ProcessClient.terminateProcess`. A signal of which no answer came is not sent again: what
 * becomes of the process shows whether it arrived.
 */
export async function terminateProcess(
  rpc: Rpc,
  name: string,
  options: TerminateProcessOptions,
): Promise<FinishedProcess> {
  const { graceMs = GRACE_MS, timeoutMs = Number.POSITIVE_INFINITY, signal, headers } = options;
  requireDuration("graceMs", graceMs);
  requireCallOptions(options);
  const end = performance.now() + timeoutMs;
  const remainingMs = () => Math.max(0, end - performance.now());
  const call = { signal, headers };
  const wait = async (mostMs: number) => {
    const waitMs = Math.min(mostMs, remainingMs());
    const limit = Number.isFinite(waitMs) ? waitMs : undefined;
    return await waitProcess(rpc, name, { ...call, timeoutMs: limit });
  };
  try {
    const terminated = await signalUnlessFinished(rpc, name, "SIGTERM", call);
    return terminated.finished ?? (await wait(graceMs));
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) {
      throw error;
    }
    if (remainingMs() === 0) {
      throw new WaitTimeoutError(name, error.process, timeoutMs);
    }
  }
  const killed = await signalUnlessFinished(rpc, name, "SIGKILL", call);
  try {
    return killed.finished ?? (await wait(killed.unanswered ? graceMs : Number.POSITIVE_INFINITY));
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) {
      throw error;
    }
    const unanswered = remainingMs() > 0 ? killed.unanswered : undefined;
    throw unanswered ?? new WaitTimeoutError(name, error.process, timeoutMs);
  }
}

interface Signalled {
  /** The process, where it had finished before. */
  readonly finished?: FinishedProcess;
  /** The error of a signal that may or may not have arrived. */
  readonly unanswered?: unknown;
}

async function signalUnlessFinished(
  rpc: Rpc,
  name: string,
  signalName: SignalName,
  options: CallOptions,
): Promise<Signalled> {
  const attempt = await trySignal(rpc, name, signalName, options);
  if (attempt.ok) {
    return isFinished(attempt.value) ? { finished: attempt.value } : {};
  }
  const { error, failure } = attempt;
  if (mayHaveHadEffect(failure)) {
    return { unanswered: error };
  }
  if (failure.kind === "status" && failure.code === Code.FailedPrecondition) {
    const process = await getProcess(rpc, name, options);
    if (isFinished(process)) {
      return { finished: process };
    }
  }
  throw error;
}
