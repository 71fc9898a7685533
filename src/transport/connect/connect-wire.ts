import { AsyncLocalStorage } from "node:async_hooks";
import { type ClientHttp2Stream, constants } from "node:http2";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, type GrpcTransportOptions } from "@connectrpc/connect-node";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { type Failure, FailureThrown, type Outcome } from "../../errors/outcome.js";
import { http2ErrorName } from "../../model/http2-error-codes.js";
import type { ServerAddress } from "../aiem-url.js";
import type { NumberedWire } from "../contract/numbers.js";
import {
  CLIENT_CLOSED,
  cannotConnect,
  connectFailure,
  connectionLost,
  tlsHint,
  tlsReason,
} from "../failures.js";
import { type ForeignOptions, wireOf } from "../foreign.js";
import { foreign, foreignFailure, ownFailure } from "../foreign-failure.js";
import { Http1Connection, Http1Connections, type Http1Options } from "../http1/connections.js";
import type { SessionPool } from "../http2/pool.js";
import type { Session } from "../http2/session.js";
import type { PrepareHeaders } from "../request-headers.js";
import { type Attempt, LEFT } from "../wire.js";

/** What the Connect protocol needs to know. */
export interface ConnectWireOptions {
  readonly address: ServerAddress;
  readonly dial: Http1Options;
  readonly readMaxBytes: number;
  readonly prepare: PrepareHeaders;
}

/** An attempt, as the code below connect-node needs to know it. */
interface Sending {
  readonly attempt: Attempt;
  /** What it asks for, without the path of aiemUrl. */
  readonly path?: string;
  stream?: ClientHttp2Stream;
  session?: Session;
}

// connect-node hands a request on as method, path and headers. What else belongs to it travels here.
const sendings = new AsyncLocalStorage<Sending>();

type SessionManager = NonNullable<GrpcTransportOptions["sessionManager"]>;

/** Connect's own transport, and what its calls need to be made. */
export interface ConnectParts {
  readonly transport: Transport;
  readonly options: Required<ForeignOptions>;
  /** Closes every connection. */
  close(): void;
}

/** The Connect protocol over HTTP/2. */
export function connectWire(options: ConnectWireOptions, pool: SessionPool): NumberedWire {
  return wireOfParts(connectHttp2Parts(options, pool));
}

/** The Connect protocol over HTTP/1.1: every open call holds a connection of its own. */
export function connectHttp1Wire(options: ConnectWireOptions): NumberedWire {
  return wireOfParts(connectHttp1Parts(options));
}

function wireOfParts({ transport, options, close }: ConnectParts): NumberedWire {
  return { ...wireOf(transport, options), close };
}

/** What `connectWire` is made of, for other methods than the client's. */
export function connectHttp2Parts(options: ConnectWireOptions, pool: SessionPool): ConnectParts {
  const { address } = options;
  const sessionManager: SessionManager = {
    authority: address.origin,
    async request(method, path, headers) {
      const sending = sendings.getStore();
      if (!sending) {
        throw new Error("a request without an attempt");
      }
      const { hints, limit, evidence } = sending.attempt;
      const { stream, connection } = await pool.open(
        { ...headers, ":method": method, ":path": path },
        { long: hints.long ?? false, affinity: hints.affinity, limit },
      );
      sending.stream = stream;
      sending.session = connection;
      evidence.connection = connection;
      return stream;
    },
    // For managers that ping a silent server; a silent stream is asked about by another call.
    notifyResponseByteRead() {},
  };
  const transport = createConnectTransport({
    ...common(options),
    httpVersion: "2",
    sessionManager,
  });
  return partsOver(transport, options, () => pool.close(CLIENT_CLOSED));
}

/** What `connectHttp1Wire` is made of. */
export function connectHttp1Parts(options: ConnectWireOptions): ConnectParts {
  const connections = new Http1Connections(options.dial, () => sendings.getStore()?.attempt);
  const nodeOptions = { agent: connections.agent };
  const transport = createConnectTransport({ ...common(options), httpVersion: "1.1", nodeOptions });
  return partsOver(transport, options, () => connections.close(CLIENT_CLOSED));
}

function common({ address, readMaxBytes }: ConnectWireOptions) {
  return {
    baseUrl: address.baseUrl,
    readMaxBytes,
    // Compressing output costs far more than it saves on any but the slowest networks.
    acceptCompression: [],
  };
}

function partsOver(
  transport: Transport,
  { address, prepare }: ConnectWireOptions,
  close: () => void,
): ConnectParts {
  const sent = new WeakMap<Attempt, Sending>();
  const options: Required<ForeignOptions> = {
    async headers(attempt): Promise<Outcome<Headers>> {
      const prepared = await prepare(attempt);
      if (!prepared.ok) {
        return prepared;
      }
      const { caller, authorization, userAgent } = prepared.value;
      const headers = new Headers(caller);
      if (!headers.has("user-agent")) {
        headers.set("user-agent", userAgent);
      }
      if (authorization !== undefined) {
        headers.set("authorization", authorization);
      }
      return { ok: true, value: headers };
    },
    run(attempt, { parent, name }, call) {
      const sending = { attempt, path: `/${parent.typeName}/${name}` };
      sent.set(attempt, sending);
      return sendings.run(sending, call);
    },
    failureOf: (thrown, attempt) => failureOf(thrown, sent.get(attempt) ?? { attempt }, address),
  };
  return { transport, options, close };
}

/**
 * Tells what broke a call. connect-node tells the same break in different ways: a server that goes
 * away is Canceled, Aborted, Internal or InvalidArgument, by chance. What the network knows comes
 * first, then the wording of an answer without its end, then the server's word.
 */
function failureOf(thrown: unknown, sending: Sending, address: ServerAddress): Failure {
  const { attempt, session } = sending;
  const carried = failureThrown(thrown);
  if (carried) {
    return carried.kind === "lost" && isUnseen(sending) ? { ...carried, kind: "refused" } : carried;
  }
  if (attempt.limit.isEnded) {
    return LEFT;
  }
  const { connection } = attempt.evidence;
  if (!connection) {
    return ownFailure(thrown);
  }
  forgetRawPacket(thrown);
  const lost =
    session?.lost ?? (connection instanceof Http1Connection ? connection.lost : undefined);
  const error = ConnectError.from(thrown);
  if (isBreak(error)) {
    return lost ?? ofReset(sending, error) ?? ofBreak(error, connection, address);
  }
  return (
    notConnect(error, `${address.pathPrefix}${sending.path}`) ??
    tooLarge(error) ??
    serversWord(thrown)
  );
}

function failureThrown(thrown: unknown): Failure | undefined {
  const seen = new Set<unknown>();
  let current = thrown;
  while (current instanceof Error && !seen.has(current)) {
    if (current instanceof FailureThrown) {
      return current.failure;
    }
    seen.add(current);
    current = current.cause;
  }
  return undefined;
}

// Only the transport can prove that nothing saw a request that it has sent.
function serversWord(thrown: unknown): Failure {
  const failure = foreignFailure(thrown);
  return failure.kind === "refused" ? { ...failure, kind: "lost" } : failure;
}

// The errors that connect-node makes by itself when an answer ends in the middle.
function isBreak(error: ConnectError): boolean {
  return (
    nodeErrorCode(error.cause) !== undefined ||
    /^(http\/2 stream closed|protocol error: missing|protocol error: incomplete|missing EndStreamResponse|premature end of)/.test(
      error.rawMessage,
    )
  );
}

/** Whether a GOAWAY says that no application saw the request (RFC 9113, section 6.8). */
function isUnseen({ stream, session, attempt }: Sending): boolean {
  const id = stream?.id;
  const last = session?.goaway?.lastStreamId;
  return !attempt.evidence.answered && id !== undefined && last !== undefined && id > last;
}

function ofReset(sending: Sending, cause: ConnectError): Failure | undefined {
  const { answered } = sending.attempt.evidence;
  const code = sending.stream?.rstCode;
  if (code === undefined || code === constants.NGHTTP2_NO_ERROR) {
    return undefined;
  }
  const neverProcessed =
    isUnseen(sending) || (!answered && code === constants.NGHTTP2_REFUSED_STREAM);
  const what = neverProcessed ? "refused the call before it did anything" : "broke the call off";
  const message = `the server ${what} (HTTP/2 ${http2ErrorName(code)})`;
  return { kind: neverProcessed ? "refused" : "lost", code: Code.Unavailable, message, cause };
}

function ofBreak(
  error: ConnectError,
  connection: Attempt["evidence"]["connection"],
  address: ServerAddress,
): Failure {
  const { cause } = error;
  const code = nodeErrorCode(cause);
  // What comes after the request and still tells that it was not looked at: a client's certificate
  // is refused (in TLS 1.3, after the handshake), or the answer is not even "HTTP/".
  if (code?.startsWith("ERR_SSL_")) {
    const reason = tlsReason(code, cause);
    if (reason?.ofCertificate) {
      return cannotConnect(reason, address, cause);
    }
  }
  if (code === "HPE_INVALID_CONSTANT") {
    return connectFailure(cause, address);
  }
  if (code === undefined || code === "ERR_STREAM_WRITE_AFTER_END") {
    return foreign("lost", error);
  }
  const isClosed = code === "ECONNRESET" || code === "EPIPE";
  const isUnheard = connection instanceof Http1Connection && connection.unheard;
  const hint = isClosed && isUnheard ? tlsHint(address) : "";
  return connectionLost(address.origin, `failed (${code})${hint}`, cause);
}

// What is made of HTTP 404, with or without the JSON of grpc-gateway. A server of Connect names the
// method that it does not have.
function notConnect(error: ConnectError, path: string): Failure | undefined {
  const { code, rawMessage, metadata } = error;
  if (code !== Code.Unimplemented || !/^(Not Found|HTTP 404)$/.test(rawMessage)) {
    return undefined;
  }
  const message = `${rawMessage}: POST ${path}; check the path of aiemUrl, and that the server speaks Connect`;
  return { kind: "status", code, message, metadata, cause: error };
}

function tooLarge(error: ConnectError): Failure | undefined {
  const { code, rawMessage, metadata } = error;
  if (code !== Code.ResourceExhausted || !rawMessage.includes("readMaxBytes")) {
    return undefined;
  }
  const message = `${rawMessage}; stream the output, or raise readMaxBytes`;
  return { kind: "unreadable", code, message, metadata, cause: error };
}

/**
 * Takes the bytes that an HTTP parser stumbled over off the cause of an error, where Node.js leaves
 * them for everybody to see: they are an answer's, and may hold a process's environment.
 */
function forgetRawPacket(error: unknown): void {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) {
    Reflect.deleteProperty(cause, "rawPacket");
  }
}
