import type { DescService } from "@bufbuild/protobuf";
import {
  Code,
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  createContextValues,
  type ServiceImpl,
} from "@connectrpc/connect";
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { BUILT_IN, type Contract } from "../../contract/contract.js";
import { callWireKey } from "../faults/call-wire.js";
import { Links } from "../faults/network/links.js";
import { NodeCallWire } from "../faults/network/node-call-wire.js";
import { shapeResponse } from "../faults/network/shape-response.js";
import { createGrpcHandler, type MessageLimits } from "../grpc/grpc-handler.js";
import { MAX_TIMER_MS, readGrpcTimeout } from "../grpc/grpc-timeout.js";
import {
  bounded,
  type IsKnownCaller,
  MAX_UNKNOWN_BODY_BYTES,
  unknownCaller,
} from "../service/known-caller.js";
import { MAX_MESSAGE_BYTES, MAX_WRITTEN_BYTES } from "../service/message-limits.js";
import { serviceInContract } from "../service/service-in-contract.js";
import { REQUEST_COMPRESSIONS } from "./compressions.js";
import { fromGrpcWebText, toGrpcWebText } from "./grpc-web-text.js";
import {
  abandon,
  answerEmpty,
  letGoOfUnread,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
  requestPath,
} from "./node-handler.js";

/**
 * Serves the ProcessService over gRPC, gRPC-Web and Connect, by the contract's numbers and name.
 * Faults strike the connections among the links.
 */
export function createRpcHandler(
  service: ServiceImpl<typeof ProcessService>,
  links: Links = new Links(),
  isKnown: IsKnownCaller = () => true,
  contract: Contract = BUILT_IN,
): NodeHandler {
  const limits = { readMaxBytes: MAX_MESSAGE_BYTES, writeMaxBytes: MAX_WRITTEN_BYTES };
  if (contract.adapted === undefined) {
    return createServiceHandler(ProcessService, service, limits, links, isKnown);
  }
  // It has the methods and messages of ours, with other numbers.
  const described = contract.service as typeof ProcessService;
  const inContract = serviceInContract(service, contract);
  return createServiceHandler(described, inContract, limits, links, isKnown);
}

/** Of callers who are no users: 64 KiB that come can stand for 64 MiB. */
const UNKNOWN_COMPRESSIONS = REQUEST_COMPRESSIONS.map((compression) => ({
  ...compression,
  decompress: (bytes: Uint8Array, most: number) =>
    compression.decompress(bytes, Math.min(most, MAX_UNKNOWN_BODY_BYTES)).catch(() => {
      throw unknownCaller();
    }),
}));

/** Serves a service, which need not be ours: the conformance suite brings one. */
export function createServiceHandler<S extends DescService>(
  service: S,
  implementation: Partial<ServiceImpl<S>>,
  options: MessageLimits & Pick<ConnectRouterOptions, "jsonOptions">,
  links: Links,
  isKnown: IsKnownCaller = () => true,
): NodeHandler {
  const routerWith = (acceptCompression: typeof REQUEST_COMPRESSIONS) =>
    createConnectRouter({
      acceptCompression,
      // Compressing output costs five times the CPU of sending it (measured).
      compressMinBytes: Number.MAX_SAFE_INTEGER,
      ...options,
    }).service(service, implementation);
  const grpc = createGrpcHandler(service, implementation, options, links, isKnown);
  const ofUsers = createRouterHandler(routerWith(REQUEST_COMPRESSIONS), links, (body) => body);
  const ofUnknown = createRouterHandler(routerWith(UNKNOWN_COMPRESSIONS), links, bounded);
  const others: NodeHandler = (request, response) =>
    (isKnown(request.headers.authorization) ? ofUsers : ofUnknown)(request, response);
  return (request, response) => grpc(request, response) || others(request, response);
}

/**
 * Refuses the gRPC calls that no service took: a gRPC client takes HTTP 404 for a proxy's word, and
 * many do not show the path then.
 */
export const refuseUnknownMethod: NodeHandler = (request, response) => {
  const type = request.headers["content-type"] ?? "";
  if (request.method !== "POST" || !/^application\/grpc(?=$|[+;-])/i.test(type)) {
    return false;
  }
  request.resume();
  response.statusCode = 200;
  response.setHeader("content-type", type);
  response.setHeader("grpc-status", String(Code.Unimplemented));
  const path = requestPath(request).slice(0, 200);
  response.setHeader("grpc-message", encodeURIComponent(`there is no method ${path}`));
  response.end();
  return true;
};

type BoundBody = (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

function createRouterHandler(router: ConnectRouter, links: Links, bound: BoundBody): NodeHandler {
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, response) => {
    const handler = handlers.get(requestPath(request));
    if (handler === undefined) {
      return false;
    }
    const wire = new NodeCallWire(request, response, links);
    const universalRequest = readRequest(request, response, wire, bound);
    if (universalRequest === undefined) {
      answerEmpty(request, response, 400);
      return true;
    }
    dropEndlessTimeout(universalRequest.header);
    letGo(request, response);
    // The errors of a call travel inside its response. What rejects here is a caller that went away
    // or a request that is no RPC: there is nobody to tell.
    const binary = fromGrpcWebText(universalRequest);
    handler(binary ?? universalRequest)
      .then((answer) => shapeResponse(answer, wire))
      .then((answer) => (binary === undefined ? answer : toGrpcWebText(answer)))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch(() => wire.isTaken || abandon(request, response));
    return true;
  };
}

/**
 * Over HTTP/1.1 what a client still sends when it has its answer is read and thrown away: the client's
 * next call on the connection is behind it.
 */
function letGo(request: NodeRequest, response: NodeResponse): void {
  if ("stream" in request) {
    letGoOfUnread(request.stream);
  } else {
    response.once("finish", () => request.resume());
  }
}

/** The request as Connect takes it; undefined where its authority or path makes no URL. */
function readRequest(
  request: NodeRequest,
  response: NodeResponse,
  wire: NodeCallWire,
  bound: BoundBody,
): ReturnType<typeof universalRequestFromNodeRequest> | undefined {
  try {
    const contextValues = createContextValues().set(callWireKey, wire);
    return {
      ...universalRequestFromNodeRequest(request, response, undefined, contextValues),
      // Connect's own iterator destroys a request that is not read to its end. Over HTTP/1.1 nothing
      // more is read from the connection then, and after 5 s Node resets it: the client's next call
      // got lost.
      body: bound(request.iterator({ destroyOnReturn: false })),
    };
  } catch {
    return undefined;
  }
}

/**
 * Removes a deadline that lies further ahead than a timer can run, 24.8 days: such a call would
 * expire at once instead. gRPC's header can carry 11,415 years.
 */
export function dropEndlessTimeout(headers: Headers): void {
  const connect = headers.get("connect-timeout-ms");
  if (connect !== null && /^\d{1,10}$/.test(connect) && Number(connect) > MAX_TIMER_MS) {
    headers.delete("connect-timeout-ms");
  }
  const ms = readGrpcTimeout(headers.get("grpc-timeout") ?? "");
  if (ms !== undefined && ms > MAX_TIMER_MS) {
    headers.delete("grpc-timeout");
  }
}
