import { randomUUID } from "node:crypto";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { processOf } from "../call/answer.js";
import type { CallOptions } from "../call/call-options.js";
import type { Caller } from "../call/run.js";
import type { Process, ProcessSpec } from "../model/process.js";
import { specToMessage } from "../model/process-message.js";
import { formatProcessName } from "../model/resource-names.js";
import { checkCreateOptions } from "../rules/methods.js";
import { requireEngineName } from "../rules/names.js";
import { requireSpec } from "../rules/spec.js";
import { createdOtherwise, mismatch } from "../transport/contract/guard.js";
import { settledCall } from "./settled-call.js";
import { startCall } from "./start-process.js";

const METHOD = ProcessService.method.createProcess;

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
 *
 * @internal
 */
export async function createProcess(
  caller: Caller,
  parent: string,
  spec: ProcessSpec,
  options: CreateProcessOptions,
): Promise<Process> {
  requireEngineName("parent", parent);
  requireSpec("spec", spec);
  checkCreateOptions(options);
  const { processId = randomUUID(), autoRun = false } = options;
  const request = { parent, processId, autoRun, process: specToMessage(spec) };
  const name = formatProcessName(parent, processId);
  const isOurId = options.processId === undefined;
  // Whether what was sent last, and whether anything that was sent, was not to start it.
  let isGuarded = false;
  let wasGuarded = false;
  return await settledCall(
    caller,
    {
      method: METHOD,
      resource: name,
      headers: options.headers,
      send: async (wire, attempt) => {
        const answer = await wire.unary(METHOD, request, attempt);
        isGuarded = attempt.evidence.guardedCreate === true;
        wasGuarded ||= isGuarded;
        return processOf(answer, name);
      },
      isDone: (found) => {
        if (!found) {
          return "send again";
        }
        isGuarded = wasGuarded;
        const otherwise = isGuarded ? createdOtherwise(request.process, found) : undefined;
        if (otherwise !== undefined) {
          return isOurId ? mismatch(otherwise) : "it is another";
        }
        return isOurId || isSame(found, spec) ? "yes" : "it is another";
      },
      next: ({ state }) =>
        isGuarded && autoRun && state === "STATE_PENDING"
          ? startCall(name, options.headers)
          : undefined,
    },
    options,
  );
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
