import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

// As much as HTTP/2 takes: a token of 64 KiB, and some more for all the rest. Node.js would take 16.
const MAX_HEADER_BYTES = 80 * 1024;

/**
 * An HTTP/1.1 server that listens to no port: connections are given to it with
 * `emit("connection", socket)`. `close()` ends its idle connections and its timers.
 */
export function createHttp1Server(listener: RequestListener, requestTimeoutMs: number): Server {
  const server = createServer(
    {
      // Until the request is there: a call may wait and stream for as long as its process runs. To
      // switch it off would switch off the limit of its headers, too.
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(30_000, requestTimeoutMs),
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    closeQueuedResponses(listener),
  );
  server.timeout = 0;
  // Without a port of its own, this is what makes the server watch over slow headers.
  server.emit("listening");
  return server;
}

/**
 * Tells the end of a connection to all responses of requests that were sent on it, one behind the
 * other. Node emits "close" on the one that is being sent only: who serves the others would work
 * for a caller that is gone, for ever where a call waits for its process.
 */
function closeQueuedResponses(listener: RequestListener): RequestListener {
  const queues = new WeakMap<Socket, Set<ServerResponse>>();

  function queueOf(socket: Socket): Set<ServerResponse> {
    const queue = queues.get(socket) ?? new Set();
    if (!queues.has(socket)) {
      queues.set(socket, queue);
      socket.once("close", () => queue.forEach(closeResponse));
    }
    return queue;
  }

  return (request, response) => {
    // It is given the connection when those before it have been sent.
    if (response.socket === null) {
      const queue = queueOf(request.socket);
      queue.add(response);
      response.once("socket", () => queue.delete(response));
    }
    listener(request, response);
  };
}

function closeResponse(response: ServerResponse): void {
  response.destroy();
  response.emit("close");
}
