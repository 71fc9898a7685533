import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { ProcessService } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { parseAiemUrl } from "../../../../src/transport/aiem-url.js";
import { restWire } from "../../../../src/transport/rest/rest-wire.js";
import { type Sent, transportOfWire } from "../../../support/transport-of-wire.js";
import { closing } from "../../support/cleanup.js";
import { listen } from "../../support/listen.js";

/** How a test's client differs from a usual one. */
export interface RestClientOptions {
  readonly readMaxBytes?: number;
  readonly connectTimeoutMs?: number;
  readonly verifySsl?: boolean;
  readonly token?: string;
}

/** A REST client and an edge of a test's own making. */
export async function startEdge(listener: RequestListener, options: RestClientOptions = {}) {
  return connectTo(await listen(createServer(listener)), options);
}

/** A REST client and a server that writes whatever bytes it likes to each request. */
export async function startRawEdge(
  answer: (socket: Socket, request: Buffer) => void,
  options: RestClientOptions = {},
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

/** A client that speaks REST to a server, and the calls that it has sent. */
export function restClient(aiemUrl: string, options: RestClientOptions = {}) {
  const { readMaxBytes = 64 * 1024 * 1024, connectTimeoutMs = 10_000, verifySsl = true } = options;
  const authorization = options.token === undefined ? undefined : `Bearer ${options.token}`;
  const wire = closing(
    restWire({
      dial: { address: parseAiemUrl(aiemUrl), connectTimeoutMs, verifySsl },
      readMaxBytes,
      prepare: ({ hints: { headers } }) => {
        const caller = headers === undefined ? undefined : new Headers(headers);
        return { ok: true, value: { caller, authorization, userAgent: "test" } };
      },
    }),
  );
  const sent: Sent[] = [];
  return { wire, sent, client: createClient(ProcessService, transportOfWire(wire, sent)) };
}

function connectTo(server: Awaited<ReturnType<typeof listen>>, options: RestClientOptions) {
  closing(server);
  const origin = `http://127.0.0.1:${server.port}`;
  const { sockets } = server;
  const closeServer = () => server.close();
  return { origin, sockets, closeServer, ...restClient(origin, options) };
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
