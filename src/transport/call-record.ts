import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import type { Connection } from "./connection.js";

/** The headers of an answer over HTTP/2, with its status. */
export type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** What a call needs from calls before it. */
export interface CallWishes {
  /** Carry the call on the connection of this call, if that still takes calls. */
  readonly affinity?: CallRecord | undefined;
  /** The server refused the token of this call; get another one. */
  readonly rejectedTokenOf?: CallRecord | undefined;
}

/**
 * What became of one call on the network, as far as it can be known: whether it was sent, over
 * which connection, and how that ended. Sending again, with another token, starts it anew.
 */
export class CallRecord {
  /** The connection that the call would like to use. */
  readonly affinity: Connection | undefined;
  readonly #rejectedToken: string | undefined;
  #token: string | undefined;
  #connection: Connection | undefined;
  #stream: ClientHttp2Stream | undefined;
  #response: ResponseHeaders | undefined;
  #answered = false;
  #grpcStatus: GrpcStatus | undefined;
  #rstCode: number | undefined;

  constructor(wishes: CallWishes = {}) {
    this.affinity = wishes.affinity?.connection;
    this.#rejectedToken = wishes.rejectedTokenOf?.token;
  }

  /** Whether the request was handed to a connection. */
  get sent(): boolean {
    return this.#connection !== undefined;
  }

  /** The connection that the request was handed to. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Whether any part of an answer arrived. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The headers of the answer, over HTTP/2. */
  get response(): ResponseHeaders | undefined {
    return this.#response;
  }

  /** The gRPC status that the server itself sent, in trailers or in JSON. */
  get grpcStatus(): GrpcStatus | undefined {
    return this.#grpcStatus;
  }

  /** The code of an RST_STREAM that ended the call, unless the caller did. */
  get rstCode(): number | undefined {
    return this.#rstCode;
  }

  /**
   * Whether it is certain that no application saw the request, so that it may be sent again
   * whatever it does: it was never sent, or HTTP/2 says so (RFC 9113, section 8.7).
   */
  get neverProcessed(): boolean {
    if (!this.sent) {
      return true;
    }
    if (this.#answered) {
      return false;
    }
    const goaway = this.#connection?.goaway;
    const id = this.#stream?.id;
    if (goaway !== undefined && id !== undefined) {
      // Node gives every stream of the session the code of the GOAWAY: its last stream tells.
      return id > goaway.lastStreamId;
    }
    return this.#rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  /** Whether the token came from a provider that can be asked for another one. */
  get tokenProvided(): boolean {
    return this.#token !== undefined;
  }

  /** Whether both calls were handed to the same connection. */
  sharesConnectionWith(other: CallRecord): boolean {
    return this.sent && this.#connection === other.connection;
  }

  /** The token that the server refused. Never to be shown. */
  get rejectedToken(): string | undefined {
    return this.#rejectedToken;
  }

  /** The provided token that the call was sent with. Never to be shown. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Notes a token that a provider gave. */
  useToken(token: string): void {
    this.#token = token;
  }

  /** Forgets everything about an earlier sending. */
  restart(): void {
    this.#connection = undefined;
    this.#stream = undefined;
    this.#response = undefined;
    this.#answered = false;
    this.#grpcStatus = undefined;
    this.#rstCode = undefined;
  }

  /** Notes that the request is now on its way, and what HTTP/2 says about it. */
  carryOn(connection: Connection, stream?: ClientHttp2Stream): void {
    this.#connection = connection;
    this.#stream = stream;
    stream?.once("response", (headers) => {
      this.#response = headers;
      this.#answered = true;
      this.#grpcStatus = grpcStatus(headers);
    });
    stream?.once("trailers", (headers) => {
      this.#grpcStatus ??= grpcStatus(headers);
    });
  }

  /** Notes that an answer began, where no stream tells it. */
  answer(): void {
    this.#answered = true;
  }

  /** Notes a status that the server itself sent, where no stream tells it. */
  noteStatus(status: GrpcStatus): void {
    this.#grpcStatus = status;
  }

  /** Notes how the stream of a failed call ended. To be called before anything else ends it. */
  fail(): void {
    const code = this.#stream?.rstCode;
    this.#rstCode = code === constants.NGHTTP2_NO_ERROR ? undefined : code;
  }
}

/** A status as the server wrote it. */
export interface GrpcStatus {
  readonly code: number;
  /** The message, percent-encoded, or not as it should be. */
  readonly message: string;
}

function grpcStatus(headers: IncomingHttpHeaders): GrpcStatus | undefined {
  const code = headers["grpc-status"];
  const message = headers["grpc-message"];
  if (typeof code !== "string" || !/^\d+$/.test(code)) {
    return undefined;
  }
  return { code: Number(code), message: typeof message === "string" ? message : "" };
}
