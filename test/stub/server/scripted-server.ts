import { type HttpServerOptions, startHttpServer } from "../../../src/stub/server/http-server.js";
import { createRpcHandler } from "../../../src/stub/server/rpc-handler.js";
import { createVersionHandler } from "../../../src/stub/start-stub-server.js";
import { createScriptedService, type ScriptedService } from "./scripted-service.js";

/** A server over real sockets whose service is scripted. */
export interface ScriptedServer extends ScriptedService, AsyncDisposable {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

export async function startScriptedServer(
  options: Partial<HttpServerOptions> = {},
): Promise<ScriptedServer> {
  const scripted = createScriptedService();
  const { port, stop } = await startHttpServer(0, {
    handlers: [createVersionHandler("1.2.3"), createRpcHandler(scripted.service)],
    ...options,
  });
  return {
    ...scripted,
    port,
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
