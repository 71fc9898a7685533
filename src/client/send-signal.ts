import type { Process } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import { neverProcessed } from "../retry/repeatable.js";
import type { CallOptions } from "./call-options.js";
import { requireProcessName } from "./input/names.js";
import { requireSignal } from "./input/numbers.js";
import { processOf } from "./process-answer.js";
import type { Rpc, RpcCall } from "./rpc.js";
import { unary } from "./unary.js";

/** See `ProcessClient.sendSignal`. */
export async function sendSignal(
  rpc: Rpc,
  name: string,
  signal: number | SignalName,
  options: CallOptions,
): Promise<Process> {
  requireProcessName("name", name);
  const request = { name, signal: requireSignal("signal", signal) };
  const call: RpcCall<Process> = {
    method: "SendSignal",
    resource: name,
    send: async (service, callOptions) =>
      processOf("SendSignal", await service.sendSignal(request, callOptions)),
  };
  // A second signal is not the first one again: a process may count them, or end at the second.
  return await unary(rpc, call, options, neverProcessed);
}
