import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";

import type { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { EngineProcess } from "../engine/engine-process.js";
import type { Engines } from "../engine/engines.js";
import type { SandboxEngine } from "../engine/sandbox-engine.js";
import { readFrames, readStream } from "./read-output.js";
import { engineOfName, engineOfParent } from "./request-names.js";
import { untilAborted } from "./until-aborted.js";
import { authenticate, type Users } from "./users.js";

/**
 * The ProcessService over these engines, for these users. It knows no transport: of a call's
 * context it reads `requestHeader` and `signal` only, so that any server can host it.
 *
 * Each method checks, in this order: the token, the resource name, that the engine exists and is
 * the caller's, that it is RUNNING; then the rest of the request.
 */
export function createProcessService(
  engines: Engines,
  users: Users,
): ServiceImpl<typeof ProcessService> {
  function openEngine(parent: string, context: HandlerContext): SandboxEngine {
    const subject = authenticate(users, context.requestHeader);
    return engines.open(engineOfParent(parent), subject);
  }

  function openProcess(name: string, context: HandlerContext): EngineProcess {
    const subject = authenticate(users, context.requestHeader);
    return engines.open(engineOfName(name), subject).getProcess(name);
  }

  return {
    async createProcess({ parent, process, processId, autoRun }, context) {
      const engine = openEngine(parent, context);
      if (process === undefined) {
        throw new ConnectError("process: is required", Code.InvalidArgument);
      }
      const created = await engine.createProcess(process, { processId, autoRun });
      return { process: created.snapshot() };
    },

    async startProcess({ name }, context) {
      const process = openProcess(name, context);
      await process.start();
      return { process: process.snapshot() };
    },

    getProcess({ name }, context) {
      return { process: openProcess(name, context).snapshot() };
    },

    listProcesses({ parent, pageSize, pageToken, filter }, context) {
      const engine = openEngine(parent, context);
      const { processes, nextPageToken } = engine.listProcesses({ pageSize, pageToken, filter });
      return { processes: processes.map((process) => process.snapshot()), nextPageToken };
    },

    sendSignal({ name, signal }, context) {
      const process = openProcess(name, context);
      process.signal(signal);
      return { process: process.snapshot() };
    },

    async waitProcess({ name }, context) {
      const process = openProcess(name, context);
      await process.finished(context.signal);
      return { process: process.snapshot() };
    },

    async readOutput({ name, outputStream }, context) {
      return { data: await readStream(openProcess(name, context), outputStream) };
    },

    async readOutputFrames({ name }, context) {
      return { frames: await readFrames(openProcess(name, context)) };
    },

    async *streamOutput({ name, skipReplay }, context) {
      const { signal } = context;
      const output = openProcess(name, context).follow({ skipReplay, signal });
      yield* untilAborted(output, signal);
    },
  };
}
