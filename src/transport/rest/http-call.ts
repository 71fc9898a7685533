import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from "node:http";
import { request as requestHttps } from "node:https";
import type { Readable } from "node:stream";
import { Code } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import type { ServerAddress } from "../aiem-url.js";
import { decoderOf, isEmptyBody, notDecoded } from "../content-coding.js";
import { cannotConnect, connectionLost, tlsHint, tlsReason } from "../failures.js";
import { appendHeader } from "../headers.js";
import type {
  Http1Connection,
  Http1Connections,
  Http1RequestOptions,
} from "../http1/connections.js";
import { type Attempt, LEFT } from "../wire.js";

/** A request over HTTP/1.1. */
export interface HttpRequest {
  readonly method: string;
  /** The path and the query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
}

/** The head of an answer. */
export interface HttpHead {
  readonly status: number;
  readonly header: Headers;
  /**
   * Whether the end of the body can be told from a connection that broke: not where the end of the
   * connection is the end of the body.
   */
  readonly endIsSure: boolean;
}

/** Gets to know what becomes of a request, in this order. */
export interface HttpListener {
  head(head: HttpHead): void;
  data(chunk: Buffer): void;
  /** The end of everything, once, with the reason where it is none that HTTP has; not after `cancel`. */
  closed(failure: Failure | undefined): void;
}

/** An open request. */
export interface HttpCall {
  /** No `data` until `resume`, and no `closed` that comes after that data. */
  pause(): void;
  resume(): void;
  /** Ends the connection that the request is on. Nothing is told any more. */
  cancel(): void;
}

// Node.js reads 16 KiB by default, which is less than proxies pass on.
const MAX_HEADER_BYTES = 64 * 1024;

// A look lasts as long as a connection may take by default, and a little of that goes by before it
// is sent.
const SILENT_SHARE = 0.9;

// grpc-gateway hands on what the service says with a prefix: but not the headers of its body, which
// is another one here.
const FORWARDED = /^grpc-(?:metadata|trailer)-(?!content-)(.+)$/;

/**
 * Sends a request, over a connection that carries no other one meanwhile. Redirects are not
 * followed. The end of the attempt's limit ends it, also while there is no connection yet.
 */
export function startHttpCall(
  connections: Http1Connections,
  address: ServerAddress,
  { method, path, headers, body }: HttpRequest,
  attempt: Attempt,
  listener: HttpListener,
): HttpCall {
  const { evidence, hints, limit } = attempt;
  const { host, port, secure } = address;
  const options: Http1RequestOptions = {
    method,
    path,
    headers,
    host,
    port,
    agent: connections.agent,
    maxHeaderSize: MAX_HEADER_BYTES,
    limit,
  };
  const request = secure ? requestHttps(options) : requestHttp(options);
  let connection: Http1Connection | undefined;
  let response: IncomingMessage | undefined;
  // The same, or what takes the coding off it.
  let content: Readable | undefined;
  let isOpen = true;
  const began = performance.now();

  const end = (failure?: Failure) => {
    if (isOpen) {
      isOpen = false;
      stopListening();
      listener.closed(failure);
    }
  };
  const fail = (error: unknown) => {
    // Of an answer that has begun, the answer itself tells how it ends.
    if (!response) {
      end(noAnswer(error, request, connection, address));
    }
  };
  // Permanent: an error without a listener ends the whole program.
  request.on("error", fail);
  request.once("close", () => fail(new Error("the connection was closed")));
  request.once("socket", (socket) => {
    connection = connections.of(socket);
    evidence.connection = connection;
  });
  request.once("response", (answer) => {
    response = answer;
    answer.on("error", (error) => end(brokenAnswer(error, connection, address)));
    answer.once("close", () => {
      // A decoder may not be through with what has come.
      if (content === answer || !answer.complete) {
        end(brokenAnswer(undefined, connection, address));
      }
    });
    if (!isOpen) {
      return;
    }
    evidence.answered = true;
    connections.heard = true;
    const decoder = decoderOf(answer.headers);
    listener.head(headOf(answer));
    if (decoder === "unknown") {
      end(notDecoded(answer.headers, address.origin));
      request.destroy();
      return;
    }
    content = decoder ?? answer;
    content.once("end", () =>
      end(answer.complete ? undefined : brokenAnswer(undefined, connection, address)),
    );
    if (isOpen) {
      content.on("data", (chunk: Buffer) => {
        if (isOpen) {
          listener.data(chunk);
        }
      });
    }
    if (isOpen && decoder) {
      decoder.on("error", (error) => {
        if (answer.complete && isEmptyBody(decoder, error)) {
          end();
          return;
        }
        end(notDecoded(answer.headers, address.origin, error));
        request.destroy();
      });
      answer.pipe(decoder);
    }
  });
  const destroy = () => {
    request.destroy();
    if (content !== response) {
      content?.destroy();
    }
  };
  const stopListening = limit.onEnd(() => {
    // A call that waits for its process may be silent for as long as it lasts.
    const mayTell = limit.isOverdue && connection?.unheard && !connections.heard && !hints.long;
    const isLong = performance.now() - began >= connections.connectTimeoutMs * SILENT_SHARE;
    end(mayTell && isLong ? silence(address, hints) : LEFT);
    destroy();
  });
  request.end(body);
  return {
    pause: () => content?.pause(),
    resume: () => content?.resume(),
    cancel() {
      if (isOpen) {
        isOpen = false;
        stopListening();
        destroy();
      }
    },
  };
}

function headOf({ headers, rawHeaders, statusCode = 0 }: IncomingMessage): HttpHead {
  return {
    status: statusCode,
    header: responseHeaders(rawHeaders),
    endIsSure: "content-length" in headers || isChunked(headers["transfer-encoding"]),
  };
}

/**
 * The headers of an answer. grpc-gateway hands on what the service says with a prefix; it is there
 * without the prefix too, unless the answer has a header of that name itself.
 *
 * @param raw names and values in turn, as Node.js has them.
 */
function responseHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    appendHeader(headers, raw[i] ?? "", raw[i + 1] ?? "");
  }
  for (const [name, value] of [...headers]) {
    const [, own] = FORWARDED.exec(name) ?? [];
    if (own !== undefined && !headers.has(own)) {
      appendHeader(headers, own, value);
    }
  }
  return headers;
}

// Any other coding at the end leaves the length to the connection's end (RFC 9112, section 6.3).
function isChunked(transferEncoding: string | undefined): boolean {
  return transferEncoding !== undefined && /(^|[\s,])chunked\s*$/i.test(transferEncoding);
}

/**
 * A server that takes connections and has never said anything. To send the request again, and again
 * wait for the whole time of an attempt, would only be silence about that.
 */
function silence({ origin }: ServerAddress, { serverTimeoutMs }: Attempt["hints"]): Failure {
  const within = serverTimeoutMs === undefined ? "" : ` within ${serverTimeoutMs} ms`;
  const message = `${origin} accepted the connection and did not answer${within}; check the address, and that it speaks what is asked for`;
  const { Unavailable } = Code;
  return { kind: "unavailable", code: Unavailable, message, delay: "never", protocol: "silent" };
}

/** Why a request has no answer, from what Node.js tells. */
function noAnswer(
  error: unknown,
  { reusedSocket }: ClientRequest,
  connection: Http1Connection | undefined,
  address: ServerAddress,
): Failure {
  if (error instanceof FailureThrown) {
    return error.failure;
  }
  if (connection?.lost) {
    return connection.lost;
  }
  if (error instanceof Error) {
    // The bytes that the parser stumbled over are an answer's, and may hold a process's environment.
    Reflect.deleteProperty(error, "rawPacket");
  }
  const code = nodeErrorCode(error);
  const refusal = code?.startsWith("ERR_SSL_") ? tlsReason(code, error) : undefined;
  if (refusal?.ofCertificate && !reusedSocket) {
    // In TLS 1.3 a server refuses a client's certificate after the handshake. Anything else comes
    // from the network, and later than the request.
    return cannotConnect(refusal, address, error);
  }
  if (code === "HPE_INVALID_CONSTANT" && !reusedSocket) {
    // Not even "HTTP/". Anything else may be the answer to a request that had its effect.
    const text = `the server does not answer in HTTP/1.1, which REST is spoken over${tlsHint(address)}; if it speaks gRPC, use protocol: "grpc"`;
    return cannotConnect({ text, lasting: true, protocol: "foreign" }, address, error);
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    // An answer to the request: another attempt would get the same, and the effect is there.
    const message = `the headers of an answer of ${address.origin} are larger than the ${MAX_HEADER_BYTES} bytes that this client reads; let the server, or a proxy before it, send fewer`;
    return { kind: "unreadable", code: Code.ResourceExhausted, message, cause: error };
  }
  // A server of TLS closes the connection without a word when a request is not encrypted.
  const isClosed = code === undefined || code === "ECONNRESET" || code === "EPIPE";
  const hint = isClosed && connection?.unheard ? tlsHint(address) : "";
  return connectionLost(address.origin, `${how(code)}${hint}`, error);
}

/** Why an answer broke off. */
function brokenAnswer(
  error: unknown,
  connection: Http1Connection | undefined,
  { origin }: ServerAddress,
): Failure {
  const text = `${how(nodeErrorCode(error))} in the middle of an answer`;
  return connection?.lost ?? connectionLost(origin, text, error);
}

function how(code: string | undefined): string {
  if (code?.startsWith("HPE_")) {
    return `sent what is no HTTP (${code})`;
  }
  // ECONNRESET is Node's own name for a connection that ends too early, reset or not.
  return code === undefined || code === "ECONNRESET" ? "closed it" : `failed (${code})`;
}
