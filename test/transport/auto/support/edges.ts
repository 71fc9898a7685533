import { createServer as createHttp2Server, type OutgoingHttpHeaders } from "node:http2";
import type { Server } from "node:net";
import { createClient } from "@connectrpc/connect";
import { ProcessService } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { TransportOptions } from "../../../../src/transport/connection-config.js";
import type { ProtocolEvent } from "../../../../src/transport/protocol-event.js";
import { createTransport } from "../../../support/create-transport.js";
import { answering } from "../../rest/support/http-edge.js";
import { closing } from "../../support/cleanup.js";
import { listen } from "../../support/listen.js";

/** Answers every REST call, streams as well. */
export const REST_ANSWER = answering('{"process":{"name":"over REST"},"result":{"data":"AAAA"}}\n');

/** A client that chooses by itself, and the edge that it is to choose for. */
export async function connectTo(
  server: Server,
  options: TransportOptions & { scheme?: string } = {},
) {
  const { scheme = "http", ...rest } = options;
  const { port, sockets } = closing(await listen(server));
  return { ...clientOf(`${scheme}://127.0.0.1:${port}`, rest), sockets };
}

/** A client that chooses by itself, and what it tells about that. */
export function clientOf(aiemUrl: string, options: TransportOptions) {
  const events: ProtocolEvent[] = [];
  const own = closing(createTransport({ aiemUrl }, options, (event) => events.push(event)));
  return { client: createClient(ProcessService, own.transport), own, events };
}

/** An edge that speaks HTTP/2, and answers RPCs with no gRPC. */
export function http2Edge(headers: OutgoingHttpHeaders, onCall: (path: string) => void = () => {}) {
  const server = createHttp2Server();
  server.on("stream", (stream, { ":path": path = "" }) => {
    onCall(path);
    stream.on("error", () => undefined);
    stream.respond(headers);
    stream.end("{}");
  });
  return server;
}
