import { ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type StatusName, statusName } from "../../model/status-names.js";
import type { FaultMethod } from "../faults/stub-faults.js";

/** A call of a stub server that has ended. */
export interface StubCall {
  /** The RPC, such as `"CreateProcess"`. */
  readonly method: FaultMethod;
  /**
   * What the request named, as it was sent: a process, or of CreateProcess and ListProcesses an
   * engine. It can be any text.
   */
  readonly resource: string;
  /** What it was called by: `"grpc"`, `"grpc-web"`, `"connect"` or `"rest"`. */
  readonly protocol: string;
  /** How it ended, by gRPC's name: `"CANCELLED"` where the caller went away. */
  readonly status: "OK" | StatusName;
  /** What the status says; empty of OK. */
  readonly message: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

type Service = ServiceImpl<typeof ProcessService>;

/** Tells that a call has ended, and with what error, if any. Only the first time counts. */
type TellEnd = (error?: ConnectError) => void;

/**
 * The service, with each call told when it has ended. What no service sees is not told: a malformed
 * body, an unknown path.
 *
 * @internal
 */
export function observeCalls(service: Service, onCall: (call: StubCall) => void): Service {
  function begin(method: FaultMethod, resource: string, context: HandlerContext): TellEnd {
    const start = performance.now();
    const { signal, protocolName: protocol } = context;
    let isTold = false;
    const tell: TellEnd = (error) => {
      if (isTold) {
        return;
      }
      isTold = true;
      signal.removeEventListener("abort", onAbort);
      const status: StubCall["status"] = error === undefined ? "OK" : statusName(error.code);
      const message = error?.rawMessage ?? "";
      const call = {
        method,
        resource,
        protocol,
        status,
        message,
        durationMs: performance.now() - start,
      };
      // What the function throws is its program's, and no answer to this call.
      queueMicrotask(() => onCall(call));
    };
    // A transport that loses its caller drops a stream where it stands: only the signal tells.
    const onAbort = () => tell(ConnectError.from(signal.reason));
    signal.addEventListener("abort", onAbort);
    return tell;
  }

  function unary<Request, Response>(
    method: FaultMethod,
    resourceOf: (request: Request) => string,
    handle: (request: Request, context: HandlerContext) => Promise<Response> | Response,
  ): (request: Request, context: HandlerContext) => Promise<Response> {
    return async (request, context) => {
      const tell = begin(method, resourceOf(request), context);
      try {
        const response = await handle(request, context);
        tell();
        return response;
      } catch (error) {
        tell(ConnectError.from(error));
        throw error;
      }
    };
  }

  return {
    createProcess: unary("CreateProcess", parentOf, service.createProcess),
    startProcess: unary("StartProcess", nameOf, service.startProcess),
    getProcess: unary("GetProcess", nameOf, service.getProcess),
    listProcesses: unary("ListProcesses", parentOf, service.listProcesses),
    sendSignal: unary("SendSignal", nameOf, service.sendSignal),
    waitProcess: unary("WaitProcess", nameOf, service.waitProcess),
    readOutput: unary("ReadOutput", nameOf, service.readOutput),
    readOutputFrames: unary("ReadOutputFrames", nameOf, service.readOutputFrames),
    async *streamOutput(request, context) {
      const tell = begin("StreamOutput", request.name, context);
      try {
        yield* service.streamOutput(request, context);
        tell();
      } catch (error) {
        tell(ConnectError.from(error));
        throw error;
      }
    },
  };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function parentOf({ parent }: { readonly parent: string }): string {
  return parent;
}
