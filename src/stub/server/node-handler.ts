import type { IncomingMessage, ServerResponse } from "node:http";
import {
  constants,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from "node:http2";
import type { Writable } from "node:stream";

/** A request over HTTP/1.1 or HTTP/2, as Node tells it. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** The response to a NodeRequest, with a write() that is the same for both. */
export type NodeResponse = (Omit<ServerResponse, "write"> | Omit<Http2ServerResponse, "write">) &
  Pick<Writable, "write">;

/**
 * Serves a request, or leaves it to the next handler. True tells that the handler took it, and will
 * end the response in its own time; false that it has set headers at most.
 */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => boolean;

/** The path of a request, without its query. */
export function requestPath(request: NodeRequest): string {
  return request.url?.split("?", 1)[0] ?? "";
}

/**
 * Offers each request to the handlers in turn. One that nobody takes is answered 404; one whose
 * handler throws, 500.
 */
export function createRequestListener(
  handlers: readonly NodeHandler[],
): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => {
    // A caller that goes away is no fault, yet an "error" that nobody listens to ends the process.
    request.on("error", ignore);
    response.on("error", ignore);
    try {
      if (!handlers.some((handler) => handler(request, response))) {
        answerEmpty(request, response, 404);
      }
    } catch {
      abandon(request, response);
    }
  };
}

/** Answers with a status alone. The body of the request, if any, is thrown away. */
export function answerEmpty(request: NodeRequest, response: NodeResponse, status: number): void {
  request.resume();
  response.statusCode = status;
  response.end();
}

/** Answers with JSON. */
export function answerJson(response: NodeResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}

/**
 * Ends a response that cannot be completed: with status 500 while nothing was sent, else by
 * breaking the stream or connection, so that the caller does not take a part for the whole.
 */
export function abandon(request: NodeRequest, response: NodeResponse): void {
  if (response.destroyed || response.writableEnded) {
    return;
  }
  if (!response.headersSent) {
    answerEmpty(request, response, 500);
  } else if ("stream" in response) {
    // To destroy it would look like its end.
    response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  } else {
    response.destroy();
  }
}

/**
 * Lets go of what a client still sends when it has its answer, such as the rest of a message that is
 * too large. HTTP/2 tells it so (RFC 9113, section 8.1): it would wait for room for ever.
 */
export function letGoOfUnread(stream: ServerHttp2Stream): void {
  // At "finish" the reset would overtake the trailers, which are sent next.
  stream.once("wantTrailers", () =>
    setImmediate(() => {
      if (!stream.readableEnded) {
        stream.close(constants.NGHTTP2_NO_ERROR);
      }
    }),
  );
}

function ignore(): void {}
