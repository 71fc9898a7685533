import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { TlsOptions } from "node:tls";
import { closing } from "../../transport/support/cleanup.js";
import { listen } from "../../transport/support/listen.js";

/** A request as a fake service sees it. */
export interface SeenRequest {
  readonly method: string | undefined;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body, read as a form. */
  readonly form: Readonly<Record<string, string>>;
}

/** What a fake service answers. */
export interface Reply {
  /** 200 unless told otherwise. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text as it is, or what becomes JSON. */
  readonly body?: unknown;
}

/** Ends the connection, or answers nothing. */
export type Silence = "hang" | "reset";

export type Respond = (
  request: SeenRequest,
  index: number,
) => Reply | Silence | Promise<Reply | Silence>;

export interface HttpService {
  readonly url: string;
  /** In the order in which they came. */
  readonly requests: readonly SeenRequest[];
  readonly sockets: ReadonlySet<Socket>;
}

/** An HTTP/1.1 service on loopback that lives as long as its test. */
export async function startHttpService(
  respond: Respond,
  tls: TlsOptions | undefined = undefined,
): Promise<HttpService> {
  const requests: SeenRequest[] = [];
  const handle: RequestListener = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://service");
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    const { method, headers } = request;
    const seen = { method, path: pathname, query: searchParams, headers, form };
    const reply = await respond(seen, requests.push(seen) - 1);
    if (reply === "reset") {
      request.socket.destroy();
    } else if (reply !== "hang") {
      const { status = 200, body } = reply;
      const content = { "content-type": "application/json", ...reply.headers };
      response.writeHead(status, content);
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    }
  };
  const server = tls ? createHttpsServer(tls, handle) : createHttpServer(handle);
  const { port, sockets } = closing(await listen(server));
  return { url: `${tls ? "https" : "http"}://127.0.0.1:${port}`, requests, sockets };
}
