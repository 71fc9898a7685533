import { once } from "node:events";
import { type IncomingHttpHeaders, request as requestHttp1 } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { Readable } from "node:stream";

/** A request as it goes over the wire: its path is not normalised. */
export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The start of a response, and its body as it comes. */
export interface OpenResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Ends the connection, wherever the response stands. */
  disconnect(): void;
}

/** Sends a request to a port of loopback. */
export type Open = (port: number, request: TestRequest) => Promise<OpenResponse>;

/** Both versions of HTTP, each request on a connection of its own. */
export const HTTP_VERSIONS: readonly (readonly [version: string, open: Open])[] = [
  ["HTTP/1.1", openHttp1],
  ["HTTP/2", openHttp2],
];

/** A response that has arrived. */
export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, parsed. */
  json(): unknown;
  /** The body's lines, parsed. */
  lines(): unknown[];
}

/** Sends a request, and reads its response to the end. */
export async function send(open: Open, port: number, request: TestRequest): Promise<TestResponse> {
  const { status, headers, body, disconnect } = await open(port, request);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) {
    chunks.push(chunk);
  }
  disconnect();
  const text = Buffer.concat(chunks).toString();
  return {
    status,
    headers,
    text,
    json: () => JSON.parse(text),
    lines: () =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}

async function openHttp1(port: number, { method = "GET", path, headers, body }: TestRequest) {
  const request = requestHttp1({
    agent: false,
    // Node leaves it out of a GET.
    headers: {
      ...headers,
      ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
    },
    host: "127.0.0.1",
    method,
    path,
    port,
  });
  request.end(body);
  const [response] = await once(request, "response");
  // What breaks afterwards is what the test asks about.
  request.on("error", () => {});
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response,
    disconnect: () => request.destroy(),
  };
}

async function openHttp2(port: number, { method = "GET", path, headers, body }: TestRequest) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const stream = session.request(
    { ":method": method, ":path": path, ...headers },
    { endStream: body === undefined },
  );
  stream.end(body);
  const [response] = await once(stream, "response");
  stream.on("error", () => {});
  return {
    status: response[":status"],
    headers: response,
    body: stream,
    disconnect: () => session.destroy(),
  };
}
