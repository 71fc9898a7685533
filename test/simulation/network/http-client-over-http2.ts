import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientFn, UniversalClientRequest } from "@connectrpc/connect/protocol";
import { Limit } from "../../../src/async/limit.js";
import type { Http2, Http2End, Http2Stream } from "../../../src/transport/http2/http2.js";
import type { Connection } from "../../../src/transport/wire.js";

/**
 * Sends the requests of a transport of Connect's over HTTP/2, with what gRPC needs of it only: as
 * long as the client's gRPC is Connect's.
 */
export function httpClientOver(http2: Http2): UniversalClientFn {
  return async (request) => {
    const body = await bodyOf(request);
    const answer = new Answer();
    const stream = http2.request(
      {
        headers: {
          ...Object.fromEntries(request.header),
          ":method": request.method,
          ":path": new URL(request.url).pathname,
        },
        body,
        long: false,
        affinity: undefined,
        limit: new Limit(),
      },
      answer,
    );
    answer.begin(stream, request.signal);
    return await answer.response;
  };
}

type Response = Awaited<ReturnType<UniversalClientFn>>;

class Answer {
  readonly response: Promise<Response>;
  readonly #trailer = new Headers();
  readonly #chunks: Uint8Array[] = [];
  #resolve: (response: Response) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #stream: Http2Stream | undefined;
  #connection: Connection | undefined;
  #stop: () => void = () => undefined;
  #wake: () => void = () => undefined;
  #end: Error | "end" | undefined;
  #hasHeaders = false;
  #hasStatus = false;

  constructor() {
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  begin(stream: Http2Stream, signal: AbortSignal | undefined): void {
    this.#stream = stream;
    const abort = () => {
      stream.cancel();
      // It may be the connection that is silent.
      this.#connection?.avoid();
      this.#settle(ConnectError.from(signal?.reason, Code.Canceled));
    };
    if (signal?.aborted) {
      abort();
    } else {
      signal?.addEventListener("abort", abort);
      this.#stop = () => signal?.removeEventListener("abort", abort);
    }
  }

  sent(connection: Connection): void {
    this.#connection = connection;
  }

  headers(headers: Readonly<Record<string, unknown>>): void {
    this.#hasHeaders = true;
    this.#hasStatus = "grpc-status" in headers;
    const header = asHeaders(headers);
    this.#resolve({
      status: Number(headers[":status"]),
      header,
      body: this.#bytes(),
      trailer: this.#trailer,
    });
  }

  data(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#stream?.pause();
    this.#wake();
  }

  trailers(headers: Readonly<Record<string, unknown>>): void {
    this.#hasStatus = true;
    asHeaders(headers).forEach((value, name) => {
      this.#trailer.set(name, value);
    });
  }

  closed(end: Http2End): void {
    const isComplete = this.#hasStatus || (this.#hasHeaders && isOrderly(end));
    this.#settle(isComplete ? "end" : errorOf(end));
  }

  #settle(end: Error | "end"): void {
    this.#stop();
    this.#end ??= end;
    if (end !== "end") {
      this.#reject(end);
    }
    this.#wake();
  }

  async *#bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          yield chunk;
        } else if (this.#end === "end") {
          return;
        } else if (this.#end) {
          throw this.#end;
        } else {
          this.#stream?.resume();
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#stop();
      this.#stream?.cancel();
    }
  }
}

function isOrderly(end: Http2End): boolean {
  return "rstCode" in end && end.rstCode === 0;
}

function errorOf(end: Http2End): ConnectError {
  if ("failure" in end) {
    const { kind, message, code, cause } = end.failure;
    const told = kind === "refused" ? (cause ?? goneSession()) : cause;
    return new ConnectError(message, code, undefined, undefined, told);
  }
  const message = `http/2 stream closed with error code ${end.rstCode}`;
  return end.neverProcessed
    ? new ConnectError(message, Code.Internal, undefined, undefined, goneSession())
    : new ConnectError(message, Code.Internal);
}

function goneSession(): Error {
  return Object.assign(new Error("gone"), { code: "ERR_HTTP2_GOAWAY_SESSION" });
}

function asHeaders(headers: Readonly<Record<string, unknown>>): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(":")) {
      found.set(name, String(value));
    }
  }
  return found;
}

async function bodyOf({ body }: UniversalClientRequest): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body ?? []) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}
