import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";

// In megabytes. What is held for slow readers counts, and at the default of 10 a single ReadOutput
// on its way makes Node refuse every other call of its connection.
const MAX_SESSION_MEMORY = 1024;

/** What an HTTP/2 server is made of. */
export interface Http2ServerOptions {
  /** How many calls may run on one connection at a time. */
  readonly maxConcurrentStreams: number;
  /** How long a request may take to come, its body included, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Serves a request. */
  readonly onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  /** Told about every new session. */
  readonly onSession: (session: ServerHttp2Session) => void;
}

/**
 * An HTTP/2 server that listens to no port: connections are given to it with
 * `emit("connection", socket)`.
 */
export function createHttp2Server(options: Http2ServerOptions): Http2Server {
  const server = createServer(
    {
      maxSessionMemory: MAX_SESSION_MEMORY,
      settings: { maxConcurrentStreams: options.maxConcurrentStreams },
    },
    options.onRequest,
  );
  server.on("session", (session) => {
    // A broken connection is no fault, yet an "error" that nobody listens to ends the process.
    session.on("error", ignore);
    retireAfterResets(session);
    options.onSession(session);
  });
  server.on("stream", (stream) => {
    stream.on("error", ignore);
    limitRequest(stream, options.requestTimeoutMs);
  });
  return server;
}

function ignore(): void {}

/**
 * Resets a stream whose request is not there in time: what came of it is held in memory. A request
 * that is answered already is one of many messages (ServerReflectionInfo), none of which is held.
 */
function limitRequest(stream: ServerHttp2Stream, timeoutMs: number): void {
  const timer = setTimeout(() => {
    if (stream.state.remoteClose !== 1 && !stream.headersSent) {
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }, timeoutMs).unref();
  stream.once("end", () => clearTimeout(timer));
  stream.once("close", () => clearTimeout(timer));
}

// Node stands 1,000 in quick succession, and 33 a second from then on. The rest is for calls that
// are open when the session retires, and for cancels that cross an answer: no event tells those.
const MOST_RESETS = 500;

/**
 * Retires a session after many cancelled calls: those that run go on, and the client makes others
 * on a new connection. Without this, Node defends itself at some point: it ends all calls of the
 * connection with an INTERNAL_ERROR. No event tells of that, and if no call runs just then, Node
 * reads no more, so that the client's end of the connection is never seen and the socket stays.
 */
function retireAfterResets(session: ServerHttp2Session): void {
  let resets = 0;
  session.on("stream", (stream) => {
    stream.once("close", () => {
      // A client may cancel with NO_ERROR, too.
      if (!stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR) {
        return;
      }
      resets += 1;
      if (resets === MOST_RESETS) {
        session.close();
      }
    });
  });
}
