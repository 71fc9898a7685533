import type { Process } from "../model/process.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import type { CallOptions } from "./call-options.js";
import { processOf } from "./process-answer.js";
import type { Rpc, RpcCall } from "./rpc.js";
import { unary } from "./unary.js";

/** See `ProcessClient.getProcess`. */
export async function getProcess(rpc: Rpc, name: string, options: CallOptions): Promise<Process> {
  requireProcessName("name", name);
  checkCallOptions(options);
  return await unary(rpc, getCall(name), options);
}

/** GetProcess, for those who send it by rules of their own. */
export function getCall(name: string): RpcCall<Process> {
  return {
    method: "GetProcess",
    resource: name,
    send: async (service, options) =>
      processOf("GetProcess", await service.getProcess({ name }, options)),
  };
}
