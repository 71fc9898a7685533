import { ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Fate, Status } from "../network/fates.js";
import type { Pending } from "../world/pending.js";
import type { OutputChanges } from "./output-changes.js";

/** What a faulty service asks of its world. */
export interface FaultyServiceOptions {
  /** Calls that read no output: they must all have ended when their client has. */
  readonly handlers: Pending;
  /** Calls that start a process, for which the engine looks at the machine's file system. */
  readonly disk: Pending;
  readonly output: OutputChanges;
  fateOf(header: Headers): Fate;
}

type Service = ServiceImpl<typeof ProcessService>;

/** The service, with the faults of an application. */
export function faultyService(service: Service, options: FaultyServiceOptions): Service {
  const { handlers, disk, output, fateOf } = options;

  function faulty<I, O>(method: (request: I, context: HandlerContext) => O | Promise<O>) {
    return (request: I, context: HandlerContext) =>
      handlers.track(async () => {
        const fate = fateOf(context.requestHeader);
        if (fate.kind === "status before") {
          throw statusError(fate.status);
        }
        const answer = await method(request, context);
        if (fate.kind === "status after") {
          throw statusError(fate.status);
        }
        return answer;
      });
  }

  return {
    createProcess: faulty((request, context) =>
      disk.track(async () => await service.createProcess(request, context)),
    ),
    startProcess: faulty((request, context) =>
      disk.track(async () => await service.startProcess(request, context)),
    ),
    getProcess: faulty(service.getProcess),
    listProcesses: faulty(service.listProcesses),
    sendSignal: faulty(service.sendSignal),
    waitProcess: faulty(service.waitProcess),
    readOutput: faulty(service.readOutput),
    readOutputFrames: faulty(service.readOutputFrames),

    async *streamOutput(request, context) {
      const fate = fateOf(context.requestHeader);
      if (fate.kind === "status before") {
        throw statusError(fate.status);
      }
      let left = "afterChunks" in fate ? fate.afterChunks : Number.POSITIVE_INFINITY;
      for await (const chunk of output.change(
        service.streamOutput(request, context),
        request,
        fate,
      )) {
        if (left === 0) {
          break;
        }
        left -= 1;
        yield chunk;
      }
      if (fate.kind === "status midway" || fate.kind === "status after") {
        throw statusError(fate.status);
      }
      if (fate.kind === "no end") {
        await new Promise((_, reject) => {
          context.signal.addEventListener("abort", () => reject(context.signal.reason));
        });
      }
    },
  };
}

function statusError({ code, pushback }: Status): ConnectError {
  const metadata = new Headers();
  if (pushback !== undefined) {
    metadata.set("grpc-retry-pushback-ms", pushback);
  }
  return new ConnectError("a status by script", code, metadata);
}
