import { createConnectRouter, createContextValues, type ServiceImpl } from "@connectrpc/connect";
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { callWireKey } from "../faults/call-wire.js";
import { Links } from "../faults/network/links.js";
import { NodeCallWire } from "../faults/network/node-call-wire.js";
import { shapeResponse } from "../faults/network/shape-response.js";
import { MAX_MESSAGE_BYTES, MAX_WRITTEN_BYTES } from "../service/message-limits.js";
import {
  abandon,
  answerEmpty,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
  requestPath,
} from "./node-handler.js";

/**
 * Serves the ProcessService over gRPC, gRPC-Web and Connect. Faults strike the connections among
 * the links.
 */
export function createRpcHandler(
  service: ServiceImpl<typeof ProcessService>,
  links: Links = new Links(),
): NodeHandler {
  const router = createConnectRouter({
    // Compressing output costs five times the CPU of sending it (measured).
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_WRITTEN_BYTES,
  }).service(ProcessService, service);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, response) => {
    const handler = handlers.get(requestPath(request));
    if (handler === undefined) {
      return false;
    }
    const wire = new NodeCallWire(request, response, links);
    const universalRequest = readRequest(request, response, wire);
    if (universalRequest === undefined) {
      answerEmpty(request, response, 400);
      return true;
    }
    dropEndlessTimeout(universalRequest.header);
    // The errors of a call travel inside its response. What rejects here is a caller that went away
    // or a request that is no RPC: there is nobody to tell.
    handler(universalRequest)
      .then((answer) => universalResponseToNodeResponse(shapeResponse(answer, wire), response))
      .catch(() => wire.isTaken || abandon(request, response));
    return true;
  };
}

/** The request as Connect takes it; undefined where its authority or path makes no URL. */
function readRequest(
  request: NodeRequest,
  response: NodeResponse,
  wire: NodeCallWire,
): ReturnType<typeof universalRequestFromNodeRequest> | undefined {
  try {
    const contextValues = createContextValues().set(callWireKey, wire);
    return universalRequestFromNodeRequest(request, response, undefined, contextValues);
  } catch {
    return undefined;
  }
}

// Node's timers fire at once for anything longer.
const MAX_TIMER_MS = 2 ** 31 - 1;

const MS_PER_GRPC_UNIT: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
};

/**
 * Removes a deadline that lies further ahead than a timer can run, 24.8 days: such a call would
 * expire at once instead. gRPC's header can carry 11,415 years.
 */
export function dropEndlessTimeout(headers: Headers): void {
  const connect = headers.get("connect-timeout-ms");
  if (connect !== null && /^\d{1,10}$/.test(connect) && Number(connect) > MAX_TIMER_MS) {
    headers.delete("connect-timeout-ms");
  }
  const { count, unit } = /^(?<count>\d{1,8})(?<unit>[HMS])$/.exec(
    headers.get("grpc-timeout") ?? "",
  )?.groups ?? { count: "0", unit: "S" };
  if (Number(count) * (MS_PER_GRPC_UNIT[unit ?? ""] ?? 0) > MAX_TIMER_MS) {
    headers.delete("grpc-timeout");
  }
}
