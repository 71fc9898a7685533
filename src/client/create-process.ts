import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Process, ProcessSpec } from "../model/process.js";
import { specToMessage } from "../model/process-message.js";
import { formatProcessName } from "../model/resource-names.js";
import { checkCreateOptions } from "../rules/methods.js";
import { requireEngineName } from "../rules/names.js";
import { requireSpec } from "../rules/spec.js";
import type { CallOptions } from "./call-options.js";
import { getProcess } from "./get-process.js";
import { processOf } from "./process-answer.js";
import type { Rpc } from "./rpc.js";
import { settledCall } from "./settled-call.js";

/** Options of `createProcess`. */
export interface CreateProcessOptions extends CallOptions {
  /**
   * The last segment of the new process's name: 1 to 63 of `[a-z0-9-]`, the first and the last
   * alphanumeric. After a lost response, a process found under an id of yours counts as created by
   * the call if its command, arguments and working directory are the same: an identical one that
   * somebody else created at that moment cannot be told apart.
   * @default a random UUID, made here, so that a lost response can be settled
   */
  readonly processId?: string | undefined;
  /**
   * Whether to start the process at once.
   * @default false, it stays PENDING until startProcess
   */
  readonly autoRun?: boolean | undefined;
}

/**
 * See `ProcessClient.createProcess`. After an attempt that may have had its effect, the process is
 * looked for by its id, and the request is sent again only if it is not there.
 */
export async function createProcess(
  rpc: Rpc,
  parent: string,
  spec: ProcessSpec,
  options: CreateProcessOptions,
): Promise<Process> {
  checkCreateOptions(options);
  const { processId = randomUUID(), autoRun = false } = options;
  requireEngineName("parent", parent);
  requireSpec("spec", spec);
  const name = formatProcessName(parent, processId);
  const request = { parent, processId, autoRun, process: specToMessage(spec) };
  return await settledCall(
    rpc,
    {
      method: "CreateProcess",
      resource: name,
      send: async (service, callOptions) =>
        processOf("CreateProcess", await service.createProcess(request, callOptions)),
      settle: async (attemptError, callOptions) => {
        const found = await findProcess(rpc, name, callOptions);
        if (found && options.processId !== undefined && !isSame(found, spec)) {
          throw attemptError;
        }
        return found;
      },
    },
    options,
  );
}

async function findProcess(
  rpc: Rpc,
  name: string,
  options: CallOptions,
): Promise<Process | undefined> {
  try {
    return await getProcess(rpc, name, options);
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) {
      return undefined;
    }
    throw error;
  }
}

function isSame(process: Process, spec: ProcessSpec): boolean {
  const { args = [], workingDirectory = "" } = spec;
  return (
    process.command === spec.command &&
    process.args.length === args.length &&
    process.args.every((arg, index) => arg === args[index]) &&
    (process.workingDirectory || "/") === (workingDirectory || "/")
  );
}
