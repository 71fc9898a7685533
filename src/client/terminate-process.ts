import { Code, ConnectError } from "@connectrpc/connect";
import { WaitTimeoutError } from "../errors/wait-timeout-error.js";
import { type FinishedProcess, isFinished } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import type { CallOptions } from "./call-options.js";
import { getProcess } from "./get-process.js";
import { requireCallOptions } from "./input/call.js";
import { requireDuration } from "./input/numbers.js";
import type { Rpc } from "./rpc.js";
import { sendSignal } from "./send-signal.js";
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

/** See `ProcessClient.terminateProcess`. */
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
  const ended = await signalUnlessFinished(rpc, name, "SIGTERM", call);
  if (ended) {
    return ended;
  }
  try {
    const waitMs = Math.min(graceMs, remainingMs());
    return await waitProcess(rpc, name, { ...call, timeoutMs: waitMs });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) {
      throw error;
    }
    if (remainingMs() === 0) {
      throw new WaitTimeoutError(name, error.process, timeoutMs);
    }
  }
  const killed = await signalUnlessFinished(rpc, name, "SIGKILL", call);
  if (killed) {
    return killed;
  }
  const last = Number.isFinite(timeoutMs) ? remainingMs() : undefined;
  return await waitProcess(rpc, name, { ...call, timeoutMs: last });
}

/** Sends a signal; returns the process where it had finished before. */
async function signalUnlessFinished(
  rpc: Rpc,
  name: string,
  signalName: SignalName,
  options: CallOptions,
): Promise<FinishedProcess | undefined> {
  try {
    const process = await sendSignal(rpc, name, signalName, options);
    return isFinished(process) ? process : undefined;
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.FailedPrecondition) {
      throw error;
    }
    const process = await getProcess(rpc, name, options);
    if (isFinished(process)) {
      return process;
    }
    throw error;
  }
}
