import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { processOf } from "../call/answer.js";
import type { CallOptions } from "../call/call-options.js";
import type { Caller } from "../call/run.js";
import type { Process } from "../model/process.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { type SettledCall, settledCall } from "./settled-call.js";

const METHOD = ProcessService.method.startProcess;

/**
 * See `ProcessClient.startProcess`. After an attempt that may have had its effect the process itself
 * tells: it is started, or still PENDING, and only then the request is sent again.
 */
export async function startProcess(
  caller: Caller,
  name: string,
  options: CallOptions,
): Promise<Process> {
  requireProcessName("name", name);
  checkCallOptions(options);
  return await settledCall(caller, startCall(name, options.headers), options);
}

/** StartProcess, so that it has its effect once. */
export function startCall(name: string, headers: HeadersInit | undefined): SettledCall {
  return {
    method: METHOD,
    resource: name,
    headers,
    send: async (wire, attempt) => processOf(await wire.unary(METHOD, { name }, attempt), name),
    isDone: (found) => (found && found.state !== "STATE_PENDING" ? "yes" : "send again"),
  };
}
