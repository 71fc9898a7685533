import { createServer, type RequestListener } from "node:http";
import { duplexPair } from "node:stream";

import {
  createRequestListener,
  type NodeHandler,
} from "../../../../src/stub/server/node-handler.js";
import type { TestRequest } from "./send.js";

/** A response as it stood on the wire. */
export interface RawResponse {
  /** 0 where the connection was closed without a response. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends requests to a handler through Node's HTTP/1.1 server, in memory. */
export type Inject = (request: TestRequest) => Promise<RawResponse>;

/** Serves a handler without a socket. */
export function createInjector(handler: NodeHandler): Inject {
  const listener: RequestListener = createRequestListener([handler]);
  const server = createServer(listener);

  return async (request) => {
    const [client, served] = duplexPair();
    server.emit("connection", served);
    const chunks: Buffer[] = [];
    client.on("data", (chunk) => chunks.push(chunk));
    client.on("error", () => {});
    const closed = new Promise<void>((resolve) => {
      client.once("end", resolve);
      // A server that breaks a connection off does not end it.
      served.once("close", resolve);
    });
    client.write(bytesOf(request));
    await closed;
    client.destroy();
    served.destroy();
    return parse(Buffer.concat(chunks).toString());
  };
}

// The server answers HTTP/1.0 without chunks, and closes afterwards.
function bytesOf({ method = "GET", path, headers = {}, body = "" }: TestRequest): Buffer {
  const content = Buffer.from(body);
  const lines = [
    `${method} ${path} HTTP/1.0`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${content.length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), content]);
}

function parse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const head = end < 0 ? text : text.slice(0, end);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  return { status: Number(status ?? 0), head, body: end < 0 ? "" : text.slice(end + 4) };
}
