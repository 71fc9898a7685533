import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { processOf } from "../call/answer.js";
import type { CallOptions } from "../call/call-options.js";
import { type Call, type Caller, run } from "../call/run.js";
import type { Process } from "../model/process.js";
import type { SignalName } from "../model/signals.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { requireSignal } from "../rules/values.js";

const METHOD = ProcessService.method.sendSignal;

/** See `ProcessClient.sendSignal`. */
export async function sendSignal(
  caller: Caller,
  name: string,
  signal: number | SignalName,
  options: CallOptions,
): Promise<Process> {
  requireProcessName("name", name);
  const number = requireSignal("signal", signal);
  checkCallOptions(options);
  return await run(caller, signalCall(name, number, options.headers), options);
}

/**
 * SendSignal. A second signal is not the first one again: a process may count them, or end at the
 * second. So it is sent again only where nothing has seen it.
 */
export function signalCall(
  name: string,
  signal: number,
  headers: HeadersInit | undefined,
): Call<Process> {
  return {
    method: METHOD,
    resource: name,
    headers,
    send: async (wire, attempt) =>
      processOf(await wire.unary(METHOD, { name, signal }, attempt), name),
  };
}
