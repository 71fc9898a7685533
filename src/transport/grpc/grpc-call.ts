import {
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import { Code } from "@connectrpc/connect";
import type { Failure, Outcome } from "../../errors/outcome.js";
import { http2ErrorName } from "../../model/http2-error-codes.js";
import type { ServerAddress } from "../aiem-url.js";
import { answeredWith, connectionLost } from "../failures.js";
import { headerTimeoutMs } from "../header-timeout.js";
import { HeadersTooLarge } from "../http2/header-limits.js";
import type { Http2, Http2End, Http2Listener, Http2Stream } from "../http2/http2.js";
import type { PrepareHeaders, RequestHeaders } from "../request-headers.js";
import { type Attempt, type Connection, LEFT } from "../wire.js";
import type { MessageReader } from "./messages.js";
import {
  addHeaders,
  codeOfHttpStatus,
  codeOfReset,
  isOk,
  readStatus,
  statusFailure,
} from "./status.js";

/** What all calls to a server have in common. */
export interface GrpcSettings {
  readonly address: ServerAddress;
  readonly http2: Http2;
  readonly readMaxBytes: number;
  readonly prepare: PrepareHeaders;
}

type ResponseHead = IncomingHttpHeaders & IncomingHttpStatusHeader;

// A server's deadline and ours are told by two clocks.
const DEADLINE_SHARE = 0.9;
// How much of an answer that is no gRPC is read, in case that it ends with a status.
const MOST_FOREIGN_BYTES = 64 * 1024;

/** One gRPC call over HTTP/2 (PROTOCOL-HTTP2.md), whose request is sent as a whole. */
export class GrpcCall implements Http2Listener {
  readonly #settings: GrpcSettings;
  readonly #attempt: Attempt;
  readonly #reader: MessageReader;
  readonly #done: (failure: Failure | undefined) => void;
  // A limit that has ended already calls back before there is anything to stop.
  readonly #stopListening: () => void = () => undefined;
  #stream: Http2Stream | undefined;
  #sentAt = 0;
  #head: ResponseHead | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #bytes = 0;
  #isGrpc = false;
  #isDone = false;

  /**
   * @param reader gets the DATA of an answer that is gRPC.
   * @param done is called once, when all is over; a failure says why it went wrong.
   */
  constructor(
    settings: GrpcSettings,
    attempt: Attempt,
    reader: MessageReader,
    done: (failure: Failure | undefined) => void,
  ) {
    this.#settings = settings;
    this.#attempt = attempt;
    this.#reader = reader;
    this.#done = done;
    this.#stopListening = attempt.limit.onEnd(() => this.close());
  }

  /**
   * Sends the request; at once, unless a token has to be waited for.
   *
   * @param path as `/package.Service/Method`.
   */
  start(path: string, body: Uint8Array): void {
    if (this.#isDone) {
      return;
    }
    const prepared = this.#settings.prepare(this.#attempt);
    if (prepared instanceof Promise) {
      void prepared.then((outcome) => this.#send(path, body, outcome));
    } else {
      this.#send(path, body, prepared);
    }
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  /** Lets go of the call. */
  close(): void {
    this.#giveUp(LEFT);
  }

  sent(connection: Connection): void {
    const { evidence } = this.#attempt;
    evidence.connection = connection;
    // Of this sending: a look may have gone before it.
    evidence.answered = false;
    this.#sentAt = performance.now();
  }

  headers(head: ResponseHead): void {
    this.#head = head;
    const { evidence, response } = this.#attempt;
    evidence.answered = true;
    if (response) {
      addHeaders(response.header, head);
    }
    this.#isGrpc =
      head[":status"] === 200 &&
      /^application\/grpc(\+proto)?\s*(;|$)/i.test(head["content-type"] ?? "");
  }

  data(chunk: Uint8Array): void {
    if (this.#isDone) {
      return;
    }
    this.#bytes += chunk.length;
    if (!this.#isGrpc) {
      if (this.#bytes > MOST_FOREIGN_BYTES) {
        this.#giveUp(this.#notGrpc());
      }
      return;
    }
    const failure = this.#reader.push(chunk);
    if (failure) {
      this.#giveUp(failure);
    }
  }

  trailers(trailers: IncomingHttpHeaders): void {
    this.#trailers = trailers;
    // Whatever follows, a RST_STREAM too (RFC 9113, section 8.1), does not change the status.
    if (readStatus(trailers) !== undefined) {
      this.#settle(undefined);
    }
  }

  closed(end: Http2End): void {
    this.#settle(end);
  }

  #send(path: string, body: Uint8Array, prepared: Outcome<RequestHeaders>): void {
    if (this.#isDone) {
      return;
    }
    if (!prepared.ok) {
      this.#finish(prepared.failure);
      return;
    }
    const { hints, limit } = this.#attempt;
    this.#stream = this.#settings.http2.request(
      {
        headers: this.#requestHeaders(path, prepared.value),
        body,
        long: hints.long ?? false,
        affinity: hints.affinity,
        limit,
      },
      this,
    );
    if (this.#isDone) {
      this.#stream.cancel();
    }
  }

  #requestHeaders(
    path: string,
    { caller, authorization, userAgent }: RequestHeaders,
  ): OutgoingHttpHeaders {
    const { address } = this.#settings;
    const { serverTimeoutMs } = this.#attempt.hints;
    const headers: OutgoingHttpHeaders = {
      ":method": "POST",
      ":path": `${address.pathPrefix}${path}`,
      "user-agent": userAgent,
    };
    if (authorization !== undefined) {
      headers["authorization"] = authorization;
    }
    caller?.forEach((value, name) => {
      headers[name] = value;
    });
    headers["content-type"] = "application/grpc+proto";
    headers["te"] = "trailers";
    if (serverTimeoutMs !== undefined) {
      headers["grpc-timeout"] = `${headerTimeoutMs(serverTimeoutMs)}m`;
    }
    return headers;
  }

  #settle(end: Http2End | undefined): void {
    if (!this.#isDone) {
      this.#finish(this.#verdict(end));
    }
  }

  #finish(failure: Failure | undefined): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    this.#stopListening();
    const { response } = this.#attempt;
    if (response && this.#trailers) {
      addHeaders(response.trailer, this.#trailers);
    }
    this.#done(failure);
  }

  #giveUp(failure: Failure): void {
    if (!this.#isDone) {
      this.#stream?.cancel();
      this.#finish(failure);
    }
  }

  /** What the answer amounts to; undefined if it is a success. */
  #verdict(end: Http2End | undefined): Failure | undefined {
    const carrier = this.#statusCarrier();
    const status = readStatus(carrier);
    if (carrier && status !== undefined) {
      if (!isOk(status)) {
        return this.#ofStatus(status, carrier);
      }
      if (!this.#isGrpc && this.#bytes > 0) {
        // What came cannot be read, so that the end would hide a loss.
        return { ...this.#notGrpc(), kind: "unreadable" };
      }
      return this.#reader.isMidMessage ? this.#cutShort() : undefined;
    }
    if (end && "failure" in end) {
      return end.failure;
    }
    if (end && end.rstCode !== constants.NGHTTP2_NO_ERROR) {
      return this.#reset(end.rstCode, end.neverProcessed, end.cause);
    }
    if (!this.#head) {
      return end && "neverProcessed" in end && end.neverProcessed
        ? this.#reset(end.rstCode, true, end.cause)
        : connectionLost(this.#settings.address.origin, "closed the stream without an answer");
    }
    if (!this.#isGrpc) {
      return this.#notGrpc();
    }
    return this.#reader.isMidMessage ? this.#cutShort() : this.#withoutStatus();
  }

  // A status in the headers counts where nothing follows them ("Trailers-Only").
  #statusCarrier(): IncomingHttpHeaders | undefined {
    return this.#trailers ?? (this.#bytes === 0 ? this.#head : undefined);
  }

  #ofStatus(status: number, carrier: IncomingHttpHeaders): Failure {
    const failure = statusFailure(status, carrier, this.#metadata());
    // Some servers say CANCELLED of a call whose deadline has passed.
    return failure.code === Code.Canceled && this.#isOverdue()
      ? { ...failure, kind: "deadline", code: Code.DeadlineExceeded }
      : failure;
  }

  #reset(code: number, neverProcessed: boolean, cause: unknown): Failure {
    if (neverProcessed) {
      const message = `the server refused the call before it did anything (HTTP/2 ${http2ErrorName(code)})`;
      return { kind: "refused", code: Code.Unavailable, message, cause };
    }
    // grpc-go ends a call so whose deadline has passed (1.83 and later).
    if (code === constants.NGHTTP2_CANCEL && this.#isOverdue()) {
      const message = "the server ended the call at its deadline (HTTP/2 CANCEL)";
      return { kind: "deadline", code: Code.DeadlineExceeded, message, cause };
    }
    if (cause instanceof HeadersTooLarge) {
      const { origin } = this.#settings.address;
      const message = `the answer of ${origin} cannot be read: ${cause.message}`;
      return { kind: "unreadable", code: Code.ResourceExhausted, message, cause };
    }
    const message = `the server broke the call off (HTTP/2 ${http2ErrorName(code)})`;
    return { kind: "lost", code: codeOfReset(code), message, cause, metadata: this.#metadata() };
  }

  #isOverdue(): boolean {
    const { serverTimeoutMs } = this.#attempt.hints;
    return (
      serverTimeoutMs !== undefined &&
      performance.now() - this.#sentAt >= serverTimeoutMs * DEADLINE_SHARE
    );
  }

  #cutShort(): Failure {
    const { origin } = this.#settings.address;
    return connectionLost(origin, "ended its answer in the middle of a message");
  }

  #withoutStatus(): Failure {
    return {
      kind: "lost",
      code: Code.Internal,
      message: `${this.#settings.address.origin} ended its answer without a gRPC status`,
      metadata: this.#metadata(),
    };
  }

  /** What answered instead of a gRPC server: a proxy, or a server of another protocol. */
  #notGrpc(): Failure {
    const status = this.#head?.[":status"] ?? 0;
    const type = this.#head?.["content-type"] ?? "";
    const metadata = this.#metadata();
    const code = codeOfHttpStatus(status);
    const missing = status === 404 || status === 415;
    const hint = missing ? '; for AIEM\'s public REST surface use protocol: "rest"' : "";
    const message = `${this.#settings.address.origin} answered HTTP ${status} ${type || "without a content type"}, which is not gRPC${hint}`;
    return {
      ...answeredWith(code, message, metadata),
      protocol: missing && !type.startsWith("application/grpc") ? "foreign" : undefined,
    };
  }

  #metadata(): Headers {
    const metadata = new Headers();
    addHeaders(metadata, this.#head ?? {});
    addHeaders(metadata, this.#trailers ?? {});
    return metadata;
  }
}
