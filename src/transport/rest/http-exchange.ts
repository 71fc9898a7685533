import { type Agent, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { onAbort } from "../../retry/abort-listeners.js";
import type { ServerAddress } from "../aiem-url.js";
import { brokenAnswer, noAnswer } from "./broken-exchange.js";
import { responseHeaders } from "./http-call.js";

/** A request over HTTP/1.1. */
export interface HttpRequest {
  readonly method: string;
  /** The path and the query. */
  readonly path: string;
  readonly header: Headers;
  readonly body: string | undefined;
}

/** An answer whose head is there. */
export interface HttpAnswer {
  readonly status: number;
  readonly header: Headers;
  /**
   * Whether the end of the body can be told from a connection that broke: not where the end of the
   * connection is the end of the body.
   */
  readonly endIsSure: boolean;
  /**
   * The body, as fast as it is read. Leaving it early ends the connection.
   *
   * @throws ConnectError Unavailable if it breaks off.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Sends requests to one server, each over a connection that carries no other one meanwhile. */
export class HttpExchange {
  readonly #address: ServerAddress;
  readonly #agent: Agent;

  constructor(address: ServerAddress, agent: Agent) {
    this.#address = address;
    this.#agent = agent;
  }

  /**
   * Sends a request, and waits for the head of its answer. Redirects are not followed.
   *
   * @param signal ends the request, also while its answer is read.
   * @throws ConnectError if there is no answer; TypeError for a header that cannot be sent.
   */
  send({ method, path, header, body }: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { host, port, authority, secure } = this.#address;
    const headers = { ...Object.fromEntries(header), host: authority };
    const options = { method, path, headers, host, port, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const request = secure ? requestHttps(options) : requestHttp(options);
      const fail = (error: unknown) =>
        reject(noAnswer(error, this.#address, !request.reusedSocket));
      // Permanent: an error without a listener ends the whole program.
      request.on("error", fail);
      const stopListening = onAbort(signal, () => request.destroy(new Error("the call has ended")));
      request.once("close", () => {
        stopListening();
        fail(new Error("the connection was closed"));
      });
      request.once("response", (response) => resolve(this.#answer(response)));
      request.end(body);
    });
  }

  #answer(response: IncomingMessage): HttpAnswer {
    const { headers, statusCode = 0 } = response;
    // One that nobody reads may break too.
    response.on("error", () => undefined);
    return {
      status: statusCode,
      header: responseHeaders(response.rawHeaders),
      endIsSure: "content-length" in headers || isChunked(headers["transfer-encoding"]),
      body: this.#body(response),
    };
  }

  async *#body(response: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* response;
    } catch (error) {
      throw brokenAnswer(error, this.#address);
    }
    if (!response.complete) {
      throw brokenAnswer(new Error("the connection was closed"), this.#address);
    }
  }
}

// Any other coding at the end leaves the length to the connection's end (RFC 9112, section 6.3).
function isChunked(transferEncoding: string | undefined): boolean {
  return transferEncoding !== undefined && /(^|[\s,])chunked\s*$/i.test(transferEncoding);
}
