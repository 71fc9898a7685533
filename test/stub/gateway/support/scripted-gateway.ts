import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";

import type { ProcessService } from "../../../../src/gen.js";
import { createGatewayHandler } from "../../../../src/stub/gateway/create-gateway-handler.js";
import { type HttpServer, startHttpServer } from "../../../../src/stub/server/http-server.js";

type Service = ServiceImpl<typeof ProcessService>;

/** The name of a process, and the path of its resource. */
export const NAME = "workspaces/w/sandboxEngines/e/processes/p";
export const PATH = `/v1/${NAME}`;

/** Serves a gateway alone, before a service that has these methods. */
export function startScriptedGateway(methods: Partial<Service>): Promise<HttpServer> {
  return startHttpServer(0, { handlers: [createGatewayHandler(scripted(methods))] });
}

/** A service that has these methods, and answers UNIMPLEMENTED to the others. */
export function scripted(methods: Partial<Service>): Service {
  return {
    createProcess: unimplemented,
    startProcess: unimplemented,
    getProcess: unimplemented,
    listProcesses: unimplemented,
    sendSignal: unimplemented,
    waitProcess: unimplemented,
    readOutput: unimplemented,
    readOutputFrames: unimplemented,
    // biome-ignore lint/correctness/useYield: it fails before its first message
    async *streamOutput() {
      unimplemented();
    },
    ...methods,
  };
}

function unimplemented(): never {
  throw new ConnectError("not part of this script", Code.Unimplemented);
}
