import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { VERSION } from "../../transport/version.js";

/** One request over HTTP/1.1. */
export interface HttpExchange {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

const USER_AGENT = `aiem-process-client/${VERSION}`;

/**
 * Sends a request over a connection that is for it alone: the next one to an identity provider is
 * minutes away. Whoever gets the answer reads it, and destroys the connection.
 */
export async function exchange(
  { url, method, headers, body }: HttpExchange,
  socket: Socket,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = httpRequest({
    method,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, "user-agent": USER_AGENT },
    createConnection: () => socket,
    signal,
  });
  const answered = once(request, "response", { signal });
  // `once` listens for errors until the answer's beginning; its body tells those that follow.
  request.on("error", () => undefined);
  request.end(body);
  const [response]: IncomingMessage[] = await answered;
  if (response === undefined) {
    throw new TypeError("an answer without a message");
  }
  return response;
}
