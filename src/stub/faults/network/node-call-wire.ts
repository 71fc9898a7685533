import { STATUS_CODES } from "node:http";
import { constants, type Http2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { Http2ErrorCode } from "../../../model/http2-error-codes.js";
import type { NodeRequest, NodeResponse } from "../../server/node-handler.js";
import type { CallWire } from "../call-wire.js";
import type { GoawayFault, HttpFault } from "../stub-faults.js";
import type { Link, Links } from "./links.js";

/** A call over HTTP/1.1 or HTTP/2, as Node serves it. */
export class NodeCallWire implements CallWire {
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;
  readonly #link: Link | undefined;
  #isTaken = false;
  #omitsTrailers = false;

  constructor(request: NodeRequest, response: NodeResponse, links: Links) {
    this.#request = request;
    this.#response = response;
    this.#link = links.from(request.socket.remotePort);
    this.#link?.carry(response);
  }

  /** Whether a fault has dealt with the response, so that nothing more may be written to it. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether the response has to end without its status. */
  get omitsTrailers(): boolean {
    return this.#omitsTrailers;
  }

  /** Resolves when writing may go on; undefined where it may. */
  get audible(): Promise<void> | undefined {
    return this.#link?.audible;
  }

  /**
   * Waits while the connection is silent, and tells whether the response may be written to: false
   * where a fault has dealt with it.
   */
  async mayWrite(): Promise<boolean> {
    if (this.audible !== undefined) {
      await this.audible;
    }
    return !this.#isTaken;
  }

  async reset(signal: AbortSignal): Promise<void> {
    await this.#delivered(signal);
    this.#isTaken = true;
    this.#link?.reset();
  }

  async close(signal: AbortSignal): Promise<void> {
    await this.#delivered(signal);
    this.#isTaken = true;
    this.#link?.close();
  }

  async resetStream(code: Http2ErrorCode, signal: AbortSignal): Promise<void> {
    await this.#delivered(signal);
    this.#resetStream(code);
  }

  async goaway(
    { code = "NO_ERROR", processed = true, debugData }: GoawayFault,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#delivered(signal);
    if (!("stream" in this.#request)) {
      if (processed) {
        this.#closeAfterResponse();
      } else {
        this.#resetStream("REFUSED_STREAM");
      }
      return;
    }
    const { id = 0, session } = this.#request.stream;
    // The ids of a client's streams are odd. Node takes 0 for the newest one, so that a connection's
    // first call has to be refused by itself, before.
    const lastStreamId = processed || id <= 1 ? 0 : id - 2;
    if (!processed && lastStreamId === 0) {
      this.#resetStream("REFUSED_STREAM");
    }
    const data = debugData === undefined ? undefined : Buffer.from(debugData);
    session?.goaway(constants[`NGHTTP2_${code}`], lastStreamId, data);
    // Node reads nothing more after the last call unless it is told to close, and would never see the
    // client's end.
    if (lastStreamId === 0) {
      session?.close();
      return;
    }
    // Closing the session would send a second GOAWAY, whose last stream is a later one: clients call
    // that a protocol error.
    this.#resetStream("REFUSED_STREAM");
    this.#link?.closeWhenIdle();
  }

  answer({ status, headers = {}, body }: HttpFault): void {
    this.#isTaken = true;
    const response = this.#response;
    const title = `${status} ${STATUS_CODES[status] ?? ""}`.trim();
    response.statusCode = status;
    response.setHeader("content-type", "text/html");
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, value);
    }
    const page = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
    response.end(body ?? page);
  }

  omitTrailers(): void {
    this.#omitsTrailers = true;
  }

  async silence(signal: AbortSignal): Promise<() => void> {
    await this.#delivered(signal);
    const undo = this.#link?.silence();
    return () => undo?.();
  }

  #delivered(signal: AbortSignal): Promise<void> {
    return delivered(this.#request, this.#response, signal);
  }

  #closeAfterResponse(): void {
    if (this.#response.headersSent) {
      this.#response.once("finish", () => this.#link?.close());
    } else {
      this.#response.setHeader("connection", "close");
    }
  }

  #resetStream(code: Http2ErrorCode): void {
    this.#isTaken = true;
    if ("stream" in this.#request) {
      const { stream } = this.#request;
      // close() ends what is written first, and where trailers follow that, Node.js 22.23 and 26.10 end
      // the whole program by an assertion in Http2Stream::OnTrailers (nodejs/node#41458).
      stream._final = (done) => done();
      stream.close(constants[`NGHTTP2_${code}`]);
    } else {
      this.#request.socket.destroy();
    }
  }
}

const POLL_MS = 1;
const PING_TIMEOUT_MS = 1000;
// Of the acknowledgements of TCP, Node tells nothing.
const HTTP1_GRACE_MS = 20;

/**
 * Waits until the client has received what was written to the response, which a reset would
 * overtake. Over HTTP/2, an answered ping tells; it tells as well that the client has nothing more
 * to send: a reset that meets a write is reported to that, and reading on looks like a clean end
 * (seen with Node's client). Over HTTP/1.1 nothing tells: there, the bytes have left this program,
 * and were given a moment to arrive.
 *
 * @throws the signal's reason where it aborts first.
 */
export async function delivered(
  request: NodeRequest,
  response: NodeResponse,
  signal: AbortSignal,
): Promise<void> {
  if ("stream" in request) {
    const { stream } = request;
    // The event "drain" comes only to those whose write was refused.
    while (stream.writableLength > 0) {
      await wait(POLL_MS, signal);
    }
    if (stream.session !== undefined) {
      await answered(stream.session, signal);
    }
    return;
  }
  if (!response.headersSent) {
    return;
  }
  while (response.writableLength > 0 || request.socket.writableLength > 0) {
    await wait(POLL_MS, signal);
  }
  await wait(HTTP1_GRACE_MS, signal);
}

/** Waits for the answer to a ping, but not for ever: some clients give none. */
async function answered(session: Http2Session, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const stopWaiting = () => stop.abort();
  signal.addEventListener("abort", stopWaiting);
  try {
    // False is told where too many pings are on their way already.
    if (session.destroyed || !session.ping(stopWaiting)) {
      return;
    }
    await sleep(PING_TIMEOUT_MS, undefined, { signal: stop.signal }).catch(() => {});
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", stopWaiting);
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
