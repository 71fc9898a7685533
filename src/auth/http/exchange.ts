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
export function exchange(
  { url, method, headers, body }: HttpExchange,
  socket: Socket,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host, "user-agent": USER_AGENT },
      createConnection: () => socket,
      signal,
    });
    request.on("error", reject);
    // Also without an error: after an upgrade that nobody asked for.
    request.once("close", () => reject(new Error("the connection was closed")));
    request.once("response", resolve);
    request.end(body);
  });
}
