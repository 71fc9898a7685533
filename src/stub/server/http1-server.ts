import { createServer, type RequestListener, type Server } from "node:http";

import { closeQueuedResponses } from "./close-queued-responses.js";

/**
 * An HTTP/1.1 server that listens to no port: connections are given to it with
 * `emit("connection", socket)`. `close()` ends its idle connections and its timers.
 */
export function createHttp1Server(listener: RequestListener): Server {
  const server = createServer(
    {
      // A call may wait and stream for as long as its process runs.
      requestTimeout: 0,
    },
    closeQueuedResponses(listener),
  );
  server.timeout = 0;
  // Without a port of its own, this is what makes the server watch over slow headers.
  server.emit("listening");
  return server;
}
