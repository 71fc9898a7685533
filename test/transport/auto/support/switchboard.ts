import { createServer as createHttp2Server, type OutgoingHttpHeaders } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { listen } from "../../support/listen.js";

/** What becomes of a connection. */
export type Behind = Server | ((socket: Socket) => void);

/** An address behind which there is now this server, now another one. */
export async function startSwitchboard(first: Behind) {
  let behind = first;
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    if (typeof behind === "function") {
      behind(socket);
    } else {
      behind.emit("connection", socket);
    }
  });
  const { port, sockets, close } = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    close,
    get connections() {
      return connections;
    },
    /** From now on; connections that are open end. */
    use(next: Behind) {
      behind = next;
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

/** A server of gRPC alone, that knows no process; tells the paths that it was asked for. */
export function grpcOnly(paths: string[] = []) {
  const server = createHttp2Server();
  const headers: OutgoingHttpHeaders = {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": 5,
    "grpc-message": "no such process",
  };
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, { ":path": path = "" }) => {
    paths.push(path.slice(path.lastIndexOf("/") + 1));
    stream.on("error", () => undefined);
    stream.respond(headers);
    stream.end();
  });
  return server;
}

/** Answers whatever comes with these bytes, and notes what came. */
export function raw(answer: string | Uint8Array, received: string[] = []) {
  return (socket: Socket) => {
    socket.on("data", (data) => {
      received.push(data.toString("latin1"));
      socket.end(answer);
    });
  };
}

/** Takes connections, and says nothing; notes what came. */
export function silent(received: string[] = []) {
  return (socket: Socket) => {
    socket.on("data", (data) => received.push(data.toString("latin1")));
  };
}
