import { connect, createServer, type Socket } from "node:net";
import { closing } from "../../support/cleanup.js";
import { listen } from "../../support/listen.js";
import { type ProcessServerOptions, startProcessServer } from "../../support/process-server.js";

/** Answers HTTP/1.1 in the place of REST. */
export type Http1 = (socket: Socket) => void;

/**
 * One address with gRPC over HTTP/2, and over HTTP/1.1 REST of the same service, or something else.
 */
export async function startBoth(options: ProcessServerOptions, http1?: Http1) {
  const grpc = closing(await startProcessServer(options));
  const rest = closing(await startProcessServer({ service: options.service, http1: true }));
  let other = http1;
  let restConnections = 0;
  const server = createServer((socket) => {
    socket.once("data", (chunk) => {
      socket.pause();
      socket.unshift(chunk);
      const isHttp2 = chunk.toString("latin1").startsWith("PRI * HTTP/2.0");
      restConnections += isHttp2 ? 0 : 1;
      if (!isHttp2 && other) {
        other(socket);
        return;
      }
      const behind = connect(isHttp2 ? grpc.port : rest.port, "127.0.0.1");
      behind.on("error", () => socket.destroy());
      behind.on("close", () => socket.destroy());
      socket.on("close", () => behind.destroy());
      socket.pipe(behind).pipe(socket);
    });
  });
  const { port } = closing(await listen(server));
  return {
    url: `http://127.0.0.1:${port}`,
    get restConnections() {
      return restConnections;
    },
    /** REST is answered so from now on. */
    answerRest(by: Http1 | undefined) {
      other = by;
    },
  };
}
