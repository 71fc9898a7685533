import type { Process } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import { neverProcessed } from "../retry/repeatable.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { requireSignal } from "../rules/values.js";
import type { CallOptions } from "./call-options.js";
import { processOf } from "./process-answer.js";
import type { Attempt, Rpc, RpcCall } from "./rpc.js";
import { lastAttempt } from "./unary.js";

/** See `ProcessClient.sendSignal`. */
export async function sendSignal(
  rpc: Rpc,
  name: string,
  signal: number | SignalName,
  options: CallOptions,
): Promise<Process> {
  const attempt = await trySignal(rpc, name, signal, options);
  if (!attempt.ok) {
    throw attempt.error;
  }
  return attempt.value;
}

/** As `sendSignal`, for those who need to know whether a failed one may have arrived. */
export async function trySignal(
  rpc: Rpc,
  name: string,
  signal: number | SignalName,
  options: CallOptions,
): Promise<Attempt<Process>> {
  requireProcessName("name", name);
  checkCallOptions(options);
  const request = { name, signal: requireSignal("signal", signal) };
  const call: RpcCall<Process> = {
    method: "SendSignal",
    resource: name,
    send: async (service, callOptions) =>
      processOf("SendSignal", await service.sendSignal(request, callOptions)),
  };
  // A second signal is not the first one again: a process may count them, or end at the second.
  return await lastAttempt(rpc, call, options, neverProcessed);
}
