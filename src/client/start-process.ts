import type { Process } from "../model/process.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import type { CallOptions } from "./call-options.js";
import { getProcess } from "./get-process.js";
import { processOf } from "./process-answer.js";
import type { Rpc } from "./rpc.js";
import { settledCall } from "./settled-call.js";

/**
 * See `ProcessClient.startProcess`. After an attempt that may have had its effect the process itself
 * tells: it is started, or still PENDING, and only then the request is sent again.
 */
export async function startProcess(rpc: Rpc, name: string, options: CallOptions): Promise<Process> {
  requireProcessName("name", name);
  checkCallOptions(options);
  return await settledCall(
    rpc,
    {
      method: "StartProcess",
      resource: name,
      send: async (service, callOptions) =>
        processOf("StartProcess", await service.startProcess({ name }, callOptions)),
      settle: async (_attemptError, callOptions) => {
        const process = await getProcess(rpc, name, callOptions);
        return process.state === "STATE_PENDING" ? undefined : process;
      },
    },
    options,
  );
}
