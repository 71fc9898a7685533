import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import { Limit } from "../../async/limit.js";
import { fileLimitReason, nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import { VERSION } from "../../model/version.js";
import { parseAiemUrl } from "../../transport/aiem-url.js";
import type { TransportOptions } from "../../transport/connection-config.js";
import { decoderOf, isEmptyBody, notDecoded } from "../../transport/content-coding.js";
import { tlsReason } from "../../transport/failures.js";
import { PlaintextGuard } from "../../transport/plaintext-guard.js";
import { environmentProxy } from "../../transport/proxy/environment-proxy.js";
import { dial } from "../../transport/socket/dial.js";
import { shownUrl } from "./endpoint-url.js";

/** How to reach identity providers and discovery services. */
export interface AuthHttpOptions extends Pick<TransportOptions, "verifySsl" | "sslCaCert"> {
  /**
   * How long one request may take, in milliseconds, from the name lookup to the end of the answer.
   * @default 5_000
   */
  readonly httpTimeoutMs?: number | undefined;
}

/** A request to an identity provider or a discovery service. */
export interface AuthRequest {
  /** What is asked, for messages, such as `the token endpoint`. */
  readonly subject: string;
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** An answer that says something: HTTP 200 or a refusal. */
export interface AuthAnswer {
  /** What was asked, and its address. */
  readonly place: string;
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** A JSON object, of which nothing is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

const USER_AGENT = `aiem-process-client/${VERSION}`;
const ACCEPTED = { accept: "application/json", "accept-encoding": "identity" };
const TIMEOUT_MS = 5_000;
// Far above what these answers hold, and little enough to be kept.
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * The options of the HTTP requests as they are now: the object they are in may be changed later.
 *
 * @internal
 */
export function httpOptionsOf({
  verifySsl,
  sslCaCert,
  httpTimeoutMs,
}: AuthHttpOptions): AuthHttpOptions {
  return { verifySsl, sslCaCert, httpTimeoutMs };
}

/**
 * Sends a request once, and reads the whole answer. Redirects are not followed, since tokens would
 * go with them.
 *
 * @throws the signal's reason; ConnectError Unavailable where a later attempt may do better (no
 *   connection, too late, HTTP 408, 429 and 5xx), with `retry-after` in its metadata;
 *   FailedPrecondition or Internal for what stays.
 */
export async function send(
  request: AuthRequest,
  options: AuthHttpOptions,
  signal: AbortSignal,
): Promise<AuthAnswer> {
  const { httpTimeoutMs: timeoutMs = TIMEOUT_MS } = options;
  const place = `${request.subject} ${shownUrl(request.url)}`;
  const limit = new Limit({ signal, ms: timeoutMs });
  try {
    limit.throwIfEnded();
    return await answerOf(request, place, options, limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (limit.isEnded) {
      const late = `${place} did not answer within ${timeoutMs} ms`;
      throw new ConnectError(late, Code.Unavailable);
    }
    throw sendFailure(error, place);
  } finally {
    limit.release();
  }
}

async function answerOf(
  request: AuthRequest,
  place: string,
  options: AuthHttpOptions,
  signal: AbortSignal,
): Promise<AuthAnswer> {
  const socket = await openEndpoint(request.url, options, signal);
  try {
    const response = await exchange(request, socket, signal);
    const { statusCode: status = 0 } = response;
    requireAnswer(status, response.headers["retry-after"], place);
    const text = await readText(response, place);
    return { place, status, contentType: response.headers["content-type"] ?? "", text };
  } finally {
    socket.destroy();
  }
}

/**
 * Opens a connection for one request, over the proxy that the environment names for it.
 *
 * @throws FailureThrown FailedPrecondition if the file of `sslCaCert` cannot be used, or the address
 *   is http and not on this machine, Unavailable if
 *   the proxy cannot; the error of Node.js as it is for everything else; the signal's reason.
 */
async function openEndpoint(
  { origin }: URL,
  { verifySsl = true, sslCaCert }: AuthHttpOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const address = parseAiemUrl(origin);
  const proxy = environmentProxy(address);
  const guard = new PlaintextGuard(address, false);
  const refusal = guard.admitToken();
  if (refusal) {
    throw new FailureThrown(refusal);
  }
  return await dial({ address, guard, verifySsl, sslCaCert, proxy, alpn: "http/1.1" }, signal);
}

/**
 * Sends a request over a connection that is for it alone: the next one to an identity provider is
 * minutes away. Whoever gets the answer reads it, and destroys the connection.
 */
function exchange(
  { url, method, headers, body }: AuthRequest,
  socket: Socket,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method,
      path: url.pathname + url.search,
      headers: {
        ...ACCEPTED,
        ...headers,
        host: parseAiemUrl(url.origin).authority,
        "user-agent": USER_AGENT,
      },
      createConnection: () => socket,
      signal,
    });
    request.on("error", reject);
    // Also without an error: after an upgrade that nobody asked for.
    request.once("close", () => reject(new Error("the connection was closed")));
    request.once("response", resolve);
    request.end(body);
  });
}

function requireAnswer(status: number, retryAfter: string | undefined, place: string): void {
  if (status >= 500 || status === 408 || status === 429) {
    const metadata = retryAfter === undefined ? undefined : { "retry-after": retryAfter };
    throw new ConnectError(`${place} answered HTTP ${status}`, Code.Unavailable, metadata);
  }
  if (status !== 200 && status < 400) {
    const what =
      status < 300
        ? "; check the address"
        : ", and redirects are not followed; give the address that it redirects to";
    throw new ConnectError(`${place} answered HTTP ${status}${what}`, Code.FailedPrecondition);
  }
}

async function readText(response: IncomingMessage, place: string): Promise<string> {
  const decoder = decoderOf(response.headers);
  if (decoder === "unknown") {
    throw undecoded(response, place);
  }
  // What goes wrong is told by the decoder, too.
  const body: Readable = decoder ? pipeline(response, decoder, () => undefined) : response;
  try {
    return await textOf(body, place);
  } catch (error) {
    if (decoder && response.complete && isEmptyBody(decoder, error)) {
      return "";
    }
    // The codes of zlib and of brotli.
    const isCoding = /^(Z_|ERR__)/.test(nodeErrorCode(error) ?? "");
    throw isCoding ? undecoded(response, place, error) : error;
  }
}

function undecoded({ headers }: IncomingMessage, place: string, cause?: unknown): ConnectError {
  const { message, code } = notDecoded(headers, place, cause);
  return new ConnectError(message, code);
}

async function textOf(body: Readable, place: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) {
      throw new TypeError("the body of an answer is not bytes");
    }
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      const text = `${place} answered with more than ${MAX_ANSWER_BYTES} bytes`;
      throw new ConnectError(text, Code.Internal);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The error of a request without an answer: Unavailable for what may pass, FailedPrecondition for
 * what somebody has to change. A ConnectError, or a failure to connect that is explained already, is
 * kept as it is.
 *
 * @param place what was asked, and its address.
 */
function sendFailure(error: unknown, place: string): ConnectError {
  if (error instanceof ConnectError) {
    return error;
  }
  if (error instanceof FailureThrown) {
    const { code, message, cause } = error.failure;
    return new ConnectError(message, code, undefined, undefined, cause);
  }
  const code = nodeErrorCode(error);
  const reason = tlsReason(code, error, "the address");
  if (reason) {
    return failure(place, reason.text, Code.FailedPrecondition, error);
  }
  const text = fileLimitReason(code) ?? (error instanceof Error ? error.message : String(error));
  return failure(place, text, Code.Unavailable, error);
}

function failure(place: string, text: string, code: Code, cause: unknown): ConnectError {
  const message = `cannot reach ${place}: ${text}`;
  return new ConnectError(message, code, undefined, undefined, withoutData(cause));
}

// Errors of HTTP clients carry what they could not read, and that can be a token.
function withoutData(cause: unknown): Error {
  const reason = new Error(cause instanceof Error ? cause.message : String(cause));
  const code = nodeErrorCode(cause);
  return code === undefined ? reason : Object.assign(reason, { code });
}

/**
 * The members of a JSON object; undefined if the text is none.
 *
 * @internal
 */
export function readJsonObject(text: string): JsonObject | undefined {
  let json: unknown;
  try {
    // A byte order mark may be ignored (RFC 8259, section 8.1).
    json = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    // The error would quote the text.
    return undefined;
  }
  return isJsonObject(json) ? json : undefined;
}

/** Whether a part of a JSON document is an object. */
export function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
