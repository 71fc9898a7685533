import { createServer as createHttp1Server } from "node:http";
import {
  createServer as createHttp2Server,
  createSecureServer,
  type ServerHttp2Session,
  type Settings,
} from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { Server, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createGatewayHandler } from "../../../src/stub/gateway/create-gateway-handler.js";
import { listen } from "./listen.js";

export interface ProcessServerOptions {
  readonly service: Partial<ServiceImpl<typeof ProcessService>>;
  readonly http1?: boolean;
  readonly tls?: TlsOptions;
  readonly settings?: Settings;
  readonly prefix?: string;
  readonly host?: string;
  readonly onSession?: (session: ServerHttp2Session) => void;
  /** Answers a request in the place of the service; tells whether it has. */
  readonly instead?: (...exchange: Parameters<ReturnType<typeof connectNodeAdapter>>) => boolean;
  readonly onRequestHeaders?: (headers: Record<string, string | string[] | undefined>) => void;
}

export interface ProcessServer {
  readonly url: string;
  readonly port: number;
  /** HTTP/2 sessions in the order in which they came, closed ones too. */
  readonly sessions: ServerHttp2Session[];
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

/** A ProcessService with the handlers of a test, on a port of its own: RPCs, and REST. */
export async function startProcessServer(options: ProcessServerOptions): Promise<ProcessServer> {
  const { service, tls, settings, prefix, host = "127.0.0.1", onRequestHeaders } = options;
  const handler = connectNodeAdapter({
    routes: (router) => router.service(ProcessService, service),
    ...(prefix !== undefined && { requestPathPrefix: prefix }),
  });
  const gateway = createGatewayHandler(service);
  const restPath = `${prefix ?? ""}/v1/`;
  const sessions: ServerHttp2Session[] = [];
  const handle: typeof handler = (request, response) => {
    onRequestHeaders?.(request.headers);
    if (options.instead?.(request, response)) {
      return;
    }
    if (request.url?.startsWith(restPath)) {
      request.url = request.url.slice(restPath.length - "/v1/".length);
      gateway(request, response);
    } else {
      handler(request, response);
    }
  };
  const server: Server = options.http1
    ? tls
      ? createHttpsServer(tls, handle)
      : createHttp1Server(handle)
    : tls
      ? createSecureServer({ ...tls, ...(settings && { settings }) }, handle)
      : createHttp2Server({ ...(settings && { settings }) }, handle);
  server.on("session", (session: ServerHttp2Session) => {
    session.on("error", () => undefined);
    sessions.push(session);
    options.onSession?.(session);
  });
  const { port, sockets, close } = await listen(server, host);
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `${tls ? "https" : "http"}://${name}:${port}`, port, sessions, sockets, close };
}
