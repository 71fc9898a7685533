import type { ServiceImpl } from "@connectrpc/connect";
import type { ProcessService } from "../../../../src/gen.js";
import { createGatewayHandler } from "../../../../src/stub/gateway/create-gateway-handler.js";
import { type HttpServer, startHttpServer } from "../../../../src/stub/server/http-server.js";
import { scripted } from "../../../support/scripted.js";

/** The name of a process, and the path of its resource. */
export const NAME = "workspaces/w/sandboxEngines/e/processes/p";
export const PATH = `/v1/${NAME}`;

/** Serves a gateway alone, before a service that has these methods. */
export function startScriptedGateway(
  methods: Partial<ServiceImpl<typeof ProcessService>>,
): Promise<HttpServer> {
  return startHttpServer(0, { handlers: [createGatewayHandler(scripted(methods))] });
}
