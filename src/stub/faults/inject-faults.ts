import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";

import type { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { formatProcessName } from "../../model/resource-names.js";
import type { FaultRegistry } from "./fault-registry.js";
import { answerWithFaults, streamWithFaults } from "./struck-call.js";
import type { FaultMethod } from "./stub-faults.js";

type Service = ServiceImpl<typeof ProcessService>;

/**
 * The service, with what the registry holds injected into its calls. A call that no fault is for
 * goes straight to the service.
 */
export function injectFaults(service: Service, registry: FaultRegistry): Service {
  function unary<Request, Response>(
    method: FaultMethod,
    nameOf: (request: Request) => string | undefined,
    handle: (request: Request, context: HandlerContext) => Promise<Response> | Response,
  ): (request: Request, context: HandlerContext) => Promise<Response> | Response {
    return (request, context) => {
      const call = registry.begin(method, nameOf(request), context);
      const answer = async () => handle(request, context);
      return call === undefined ? handle(request, context) : answerWithFaults(call, answer);
    };
  }

  return {
    createProcess: unary(
      "CreateProcess",
      ({ parent, processId }) =>
        processId === "" ? undefined : formatProcessName(parent, processId),
      service.createProcess,
    ),
    startProcess: unary("StartProcess", nameOfRequest, service.startProcess),
    getProcess: unary("GetProcess", nameOfRequest, service.getProcess),
    listProcesses: unary("ListProcesses", () => undefined, service.listProcesses),
    sendSignal: unary("SendSignal", nameOfRequest, service.sendSignal),
    waitProcess: unary("WaitProcess", nameOfRequest, service.waitProcess),
    readOutput: unary("ReadOutput", nameOfRequest, service.readOutput),
    readOutputFrames: unary("ReadOutputFrames", nameOfRequest, service.readOutputFrames),
    streamOutput(request, context) {
      const call = registry.begin("StreamOutput", request.name, context);
      const open = () => service.streamOutput(request, context);
      return call === undefined ? open() : streamWithFaults(call, open);
    },
  };
}

function nameOfRequest({ name }: { readonly name: string }): string {
  return name;
}
