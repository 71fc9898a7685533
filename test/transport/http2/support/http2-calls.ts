import { Limit } from "../../../../src/async/limit.js";
import { parseAiemUrl } from "../../../../src/transport/aiem-url.js";
import { CLIENT_CLOSED } from "../../../../src/transport/failures.js";
import type { Http2End, Http2Request, Http2Stream } from "../../../../src/transport/http2/http2.js";
import { Http2Client } from "../../../../src/transport/http2/http2-client.js";
import { type PoolOptions, SessionPool } from "../../../../src/transport/http2/pool.js";
import type { Connection } from "../../../../src/transport/wire.js";
import { closing } from "../../support/cleanup.js";

export interface Made {
  readonly stream: Http2Stream;
  readonly end: Promise<Http2End>;
  /** What was told, in order: the names of the listener's methods. */
  readonly told: string[];
  readonly chunks: Uint8Array[];
  headers: Record<string, unknown> | undefined;
  trailers: Record<string, unknown> | undefined;
  connection: Connection | undefined;
}

/** A client of a server, and a short way to call it. */
export function connectTo(url: string, options: Partial<PoolOptions> = {}) {
  const pool = new SessionPool({
    address: parseAiemUrl(url),
    verifySsl: true,
    connectTimeoutMs: 10_000,
    streamWindowBytes: 1024 * 1024,
    ...options,
  });
  const client = new Http2Client(pool);
  const own = closing({ close: () => client.close(CLIENT_CLOSED), client, pool });
  const request = (wishes: Partial<Http2Request> & { path?: string } = {}): Made => {
    const { path = "/", ...rest } = wishes;
    let ended: (end: Http2End) => void = () => undefined;
    const end = new Promise<Http2End>((resolve) => {
      ended = resolve;
    });
    const told: string[] = [];
    const made: Omit<Made, "stream"> = {
      end,
      told,
      chunks: [],
      headers: undefined,
      trailers: undefined,
      connection: undefined,
    };
    const stream = client.request(
      {
        headers: { ":method": "POST", ":path": path },
        body: new Uint8Array(),
        long: false,
        affinity: undefined,
        limit: new Limit(),
        ...rest,
      },
      {
        sent(connection) {
          told.push("sent");
          made.connection = connection;
        },
        headers(headers) {
          told.push("headers");
          made.headers = headers;
        },
        data(chunk) {
          if (told.at(-1) !== "data") {
            told.push("data");
          }
          made.chunks.push(chunk);
        },
        trailers(trailers) {
          told.push("trailers");
          made.trailers = trailers;
        },
        closed(end) {
          told.push("closed");
          ended(end);
        },
      },
    );
    return Object.assign(made, { stream });
  };
  return { ...own, request };
}

/** How many bytes a request was told. */
export function bytesOf({ chunks }: Made): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
