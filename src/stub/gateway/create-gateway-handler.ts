import { Code, ConnectError, createServiceImplSpec, type ServiceImpl } from "@connectrpc/connect";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { readHttpRule } from "../../rest-rules/http-rule.js";
import { createRouter, type Route } from "../../rest-rules/router.js";
import { shownError } from "../engine/refusals.js";
import { Links } from "../faults/network/links.js";
import { NodeCallWire } from "../faults/network/node-call-wire.js";
import {
  abandon,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
} from "../server/node-handler.js";
import type { IsKnownCaller } from "../service/known-caller.js";
import { answerError, answerStream, answerUnary } from "./answer.js";
import { readCall } from "./call.js";
import { type FoundRoute, readRequestMessage, requestTarget } from "./request.js";

/**
 * Serves the ProcessService as REST with JSON, by its google.api.http options, as grpc-gateway does.
 * It takes every request, so that it is the last handler: paths that no option has are answered 404.
 *
 * The service is called with the request's authorization, so that its rules are the same as for
 * RPCs. Faults strike the connections among the links. A body may have 4 MiB; a larger one is
 * RESOURCE_EXHAUSTED, HTTP 429, as with a grpc-go server behind a gateway.
 */
export function createGatewayHandler(
  service: Partial<ServiceImpl<typeof ProcessService>>,
  links: Links = new Links(),
  isKnown: IsKnownCaller = () => true,
): NodeHandler {
  const { methods } = createServiceImplSpec(ProcessService, service);
  const findRoute = createRouter(ProcessService.methods.map(readHttpRule));

  async function serve(
    request: NodeRequest,
    response: NodeResponse,
    wire: NodeCallWire,
  ): Promise<void> {
    const { path, query } = requestTarget(request);
    const route = expectFound(findRoute(request.method ?? "", path));
    const spec = methods[route.rule.rpc.localName];
    if (spec?.kind !== "unary" && spec?.kind !== "server_streaming") {
      throw new ConnectError("Not Implemented", Code.Unimplemented);
    }
    const call = readCall(spec, request, response, wire);
    try {
      // Not of the request's own headers: a token may have come as Grpc-Metadata-Authorization.
      const known = isKnown(call.context.requestHeader.get("authorization") ?? undefined);
      const message = await readRequestMessage(route, query, request, known);
      if (call.gone.aborted) {
        return;
      }
      await (spec.kind === "unary"
        ? answerUnary(spec, message, call, response)
        : answerStream(spec, message, call, response));
    } finally {
      call.context.abort();
    }
  }

  return (request, response) => {
    const wire = new NodeCallWire(request, response, links);
    serve(request, response, wire)
      .catch((reason: unknown) => {
        if (!wire.isTaken && !response.headersSent && !response.destroyed) {
          answerError(response, shownError(reason));
          return;
        }
        throw reason;
      })
      // Nobody is left to tell, or a part was sent: the caller must not wait for the rest.
      .catch(() => wire.isTaken || abandon(request, response))
      // A body that is not read on would hold up the next request of the connection.
      .finally(() => request.resume());
    return true;
  };
}

/** @throws ConnectError with the codes and texts of grpc-gateway where there is no rule. */
function expectFound(route: Route): FoundRoute {
  switch (route.kind) {
    case "found":
      return route;
    case "unknown path":
      throw new ConnectError("Not Found", Code.NotFound);
    case "other method":
      throw new ConnectError("Method Not Allowed", Code.Unimplemented);
    case "malformed path":
      throw new ConnectError("Bad Request", Code.InvalidArgument);
  }
}
