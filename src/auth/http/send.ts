import type { IncomingMessage } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { Limit } from "../../async/limit.js";
import type { AuthHttpOptions } from "./auth-http-options.js";
import { shownUrl } from "./endpoint-url.js";
import { exchange } from "./exchange.js";
import { openEndpoint } from "./open-endpoint.js";
import { sendFailure } from "./send-failure.js";

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

const TIMEOUT_MS = 5_000;
// Far above what these answers hold, and little enough to be kept.
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

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
  { url, method, headers, body }: AuthRequest,
  place: string,
  options: AuthHttpOptions,
  signal: AbortSignal,
): Promise<AuthAnswer> {
  const socket = await openEndpoint(url, options, signal);
  try {
    const accepting = { accept: "application/json", ...headers };
    const response = await exchange({ url, method, headers: accepting, body }, socket, signal);
    const { statusCode: status = 0 } = response;
    requireAnswer(status, response.headers["retry-after"], place);
    const text = await readText(response, place);
    return { place, status, contentType: response.headers["content-type"] ?? "", text };
  } finally {
    socket.destroy();
  }
}

function requireAnswer(status: number, retryAfter: string | undefined, place: string): void {
  if (status >= 500 || status === 408 || status === 429) {
    const metadata = retryAfter === undefined ? undefined : { "retry-after": retryAfter };
    throw new ConnectError(`${place} answered HTTP ${status}`, Code.Unavailable, metadata);
  }
  if (status !== 200 && status < 400) {
    const text = `${place} answered HTTP ${status}, which is not followed; give the address that answers itself`;
    throw new ConnectError(text, Code.FailedPrecondition);
  }
}

async function readText(response: IncomingMessage, place: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
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
