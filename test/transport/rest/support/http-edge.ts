import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { ProcessService } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { TransportOptions } from "../../../../src/transport/connection-config.js";
import { createTransport } from "../../../../src/transport/create-transport.js";
import { closing } from "../../support/cleanup.js";
import { listen } from "../../support/listen.js";

/** A REST client and an edge of a test's own making. */
export async function startEdge(listener: RequestListener, options: TransportOptions = {}) {
  return connectTo(await listen(createServer(listener)), options);
}

/** A REST client and a server that writes whatever bytes it likes to each request. */
export async function startRawEdge(
  answer: (socket: Socket, request: Buffer) => void,
  options: TransportOptions = {},
) {
  const server = createTcpServer({ noDelay: true }, (socket) => {
    socket.on("data", (data) => {
      // A request of ours arrives whole.
      if (data.includes("HTTP/1.1\r\n")) {
        answer(socket, data);
      }
    });
  });
  return connectTo(await listen(server), options);
}

function connectTo(server: Awaited<ReturnType<typeof listen>>, options: TransportOptions) {
  closing(server);
  const origin = `http://127.0.0.1:${server.port}`;
  const clientTransport = closing(
    createTransport({ aiemUrl: origin }, { protocol: "rest", ...options }),
  );
  const client = createClient(ProcessService, clientTransport.transport);
  return { origin, client, clientTransport, sockets: server.sockets };
}

/** Answers every request with JSON, or with text as it is. */
export function answering(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** The body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
