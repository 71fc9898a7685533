import { Code, ConnectError } from "@connectrpc/connect";
import { Limit } from "../async/limit.js";
import type { CallOptions } from "../call/call-options.js";
import { mayHaveHadEffect } from "../call/patience.js";
import { type Caller, runToOutcome } from "../call/run.js";
import { traceMethod } from "../diagnostics/channels.js";
import { errorOf } from "../errors/outcome.js";
import { WaitTimeoutError } from "../errors/wait-timeout-error.js";
import { type FinishedProcess, isFinished, type Process } from "../model/process.js";
import { SIGNALS } from "../model/signals.js";
import { checkTerminateOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { getProcess } from "./get-process.js";
import { signalCall } from "./send-signal.js";
import { waitProcess } from "./wait-process.js";

const GRACE_MS = 10_000;
/** Nothing is done in the middle of a shorter grace. */
const SHORT_GRACE_MS = 100;

/** Options of `terminateProcess`. */
export interface TerminateProcessOptions extends CallOptions {
  /**
   * How long the process may take to end by itself after SIGTERM, in milliseconds. After half of it
   * comes SIGCONT, without which a process that is stopped handles nothing, and then SIGKILL.
   * @default 10_000
   */
  readonly graceMs?: number | undefined;
}

/**
 * See `ProcessClient.terminateProcess`. A signal of which no answer came is not sent again: what
 * becomes of the process shows whether it arrived.
 *
 * @internal
 */
export async function terminateProcess(
  caller: Caller,
  name: string,
  options: TerminateProcessOptions,
): Promise<FinishedProcess> {
  requireProcessName("name", name);
  checkTerminateOptions(options);
  const isCancelled = () => options.signal?.aborted === true || caller.life.isEnded;
  const terminate = () => signalUntilFinished(caller, name, options);
  return await traceMethod("terminateProcess", name, caller.server, terminate, isCancelled);
}

async function signalUntilFinished(
  caller: Caller,
  name: string,
  options: TerminateProcessOptions,
): Promise<FinishedProcess> {
  const { graceMs = GRACE_MS, timeoutMs = Number.POSITIVE_INFINITY, signal, headers } = options;
  // It only tells how much is left: each step has a limit of its own.
  const total = new Limit({ ms: timeoutMs, soft: true });
  // Timers have whole milliseconds: less than one is none.
  const remainingMs = () => Math.floor(total.remainingMs());
  const atMost = (mostMs: number) => {
    const limitMs = Math.min(mostMs, remainingMs());
    return { signal, headers, timeoutMs: Number.isFinite(limitMs) ? limitMs : undefined };
  };
  const over = (process: Process | undefined, options?: ErrorOptions) =>
    new WaitTimeoutError(name, process, timeoutMs, options);
  const send = async (signalName: keyof typeof SIGNALS) => {
    try {
      return await signalUnlessFinished(caller, name, signalName, () =>
        atMost(Number.POSITIVE_INFINITY),
      );
    } catch (error) {
      // The time that it had was rounded down to whole milliseconds.
      const isOver = total.remainingMs() <= 1 && isDeadline(error);
      throw isOver ? over(undefined, { cause: error }) : error;
    }
  };
  const terminated = await send("SIGTERM");
  if (terminated.finished) {
    return terminated.finished;
  }
  // A wait of zero would take the time of an attempt.
  const halfMs = graceMs < SHORT_GRACE_MS ? Math.max(graceMs, 1) : graceMs / 2;
  for (const half of [1, 2]) {
    try {
      return await waitProcess(caller, name, atMost(halfMs));
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) {
        throw error;
      }
      if (remainingMs() === 0) {
        throw over(error.process);
      }
    }
    if (graceMs < SHORT_GRACE_MS) {
      break;
    }
    if (half === 1) {
      // A process that is stopped handles no SIGTERM. Whatever is wrong shows in the next wait.
      await send("SIGCONT").catch(() => {});
    }
  }
  const killed = await send("SIGKILL");
  if (killed.finished) {
    return killed.finished;
  }
  try {
    const mostMs = killed.doubt ? Math.max(graceMs, GRACE_MS) : Number.POSITIVE_INFINITY;
    return await waitProcess(caller, name, atMost(mostMs));
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) {
      throw error;
    }
    const doubt = remainingMs() > 0 ? killed.doubt : undefined;
    throw doubt ?? over(error.process);
  }
}

function isDeadline(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.DeadlineExceeded;
}

interface Signalled {
  /** The process, where it had finished before. */
  readonly finished?: FinishedProcess;
  /** The error of a signal that may or may not end it: what becomes of the process tells. */
  readonly doubt?: unknown;
}

async function signalUnlessFinished(
  caller: Caller,
  name: string,
  signalName: keyof typeof SIGNALS,
  options: () => CallOptions,
): Promise<Signalled> {
  const { headers, ...limit } = options();
  const call = signalCall(name, SIGNALS[signalName], headers);
  const outcome = await runToOutcome(caller, call, limit);
  if (outcome.ok) {
    return isFinished(outcome.value) ? { finished: outcome.value } : {};
  }
  const { failure } = outcome;
  const error = errorOf(failure, call.method.name, name);
  if (mayHaveHadEffect(failure)) {
    return { doubt: error };
  }
  if (failure.kind === "status" && failure.code === Code.FailedPrecondition) {
    const process = await getProcess(caller, name, options());
    if (isFinished(process)) {
      return { finished: process };
    }
    // Its program has just ended, while its output is still being read.
    if (process.state === "STATE_RUNNING") {
      return { doubt: error };
    }
  }
  throw error;
}
