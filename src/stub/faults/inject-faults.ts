import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";

import type { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { formatProcessName } from "../../model/resource-names.js";
import type { ReflectionService } from "../service/create-reflection-service.js";
import type { FaultRegistry } from "./fault-registry.js";
import { answerWithFaults, passOutput, streamWithFaults } from "./struck-call.js";
import type { FaultMethod } from "./stub-faults.js";

type Service = ServiceImpl<typeof ProcessService>;
type HealthService = ServiceImpl<typeof Health>;

/**
 * The service, with what the registry holds injected into its calls. A call that no fault is for
 * goes straight to the service.
 */
export function injectFaults(service: Service, registry: FaultRegistry): Service {
  const unary = unaryWith(registry);

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
      return call === undefined ? open() : streamWithFaults(call, open, passOutput);
    },
  };
}

/** Health, likewise. */
export function injectHealthFaults(service: HealthService, registry: FaultRegistry): HealthService {
  const unary = unaryWith(registry);
  return {
    check: unary("Check", noName, service.check),
    list: unary("List", noName, service.list),
    watch: streamWith(registry, "Watch", service.watch),
  };
}

/** ServerReflection, likewise. */
export function injectReflectionFaults(
  { serverReflectionInfo }: ReflectionService,
  registry: FaultRegistry,
): ReflectionService {
  return {
    serverReflectionInfo: (requests, context) =>
      streamWith(registry, "ServerReflectionInfo", serverReflectionInfo)(requests, context),
  };
}

type Handle<Request, Response> = (request: Request, context: HandlerContext) => Response;

function unaryWith(registry: FaultRegistry) {
  return <Request, Response>(
    method: FaultMethod,
    nameOf: (request: Request) => string | undefined,
    handle: Handle<Request, Promise<Response> | Response>,
  ): Handle<Request, Promise<Response> | Response> =>
    (request, context) => {
      const call = registry.begin(method, nameOf(request), context);
      const answer = async () => handle(request, context);
      return call === undefined ? handle(request, context) : answerWithFaults(call, answer);
    };
}

function streamWith<Request, Item>(
  registry: FaultRegistry,
  method: FaultMethod,
  open: Handle<Request, AsyncIterable<Item>>,
): Handle<Request, AsyncIterable<Item>> {
  return (request, context) => {
    const call = registry.begin(method, undefined, context);
    const items = () => open(request, context);
    return call === undefined ? items() : streamWithFaults(call, items);
  };
}

function noName(): undefined {}

function nameOfRequest({ name }: { readonly name: string }): string {
  return name;
}
