import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { closing } from "../../support/cleanup.js";
import { type Listening, listen } from "../../support/listen.js";

export interface RawHttp2Server extends Listening {
  readonly url: string;
  readonly server: Http2Server;
  /** In the order in which they came, closed ones too. */
  readonly sessions: ServerHttp2Session[];
}

/** A plain HTTP/2 server for a test. */
export async function startHttp2Server(
  onStream: (stream: ServerHttp2Stream, path: string) => void,
  options: ServerOptions = {},
): Promise<RawHttp2Server> {
  const server = createServer(options);
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => {
    session.on("error", () => undefined);
    sessions.push(session);
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    onStream(stream, headers[":path"] ?? "");
  });
  const listening = closing(await listen(server));
  return { ...listening, url: `http://127.0.0.1:${listening.port}`, server, sessions };
}

/** Answers, and keeps the stream open. */
export function follow(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200 });
  stream.write("x");
}

/** Answers at once, with trailers. */
export function answer(stream: ServerHttp2Stream, _path = "/", body = "done"): void {
  stream.respond({ ":status": 200 }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(body);
}
