import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type Failure, failed, type Outcome } from "../../errors/outcome.js";
import { ByteBlock } from "../../model/bytes.js";
import { FieldValueError } from "../../rest-rules/field-values.js";
import { isJsonObject, messageFromJson } from "../../rest-rules/json.js";
import type { ServerAddress } from "../aiem-url.js";
import { answeredWith, connectionLost } from "../failures.js";
import { addAllHeaders } from "../headers.js";
import type { ResponseHeaders } from "../wire.js";
import type { HttpCall, HttpHead, HttpListener, HttpRequest } from "./http-call.js";
import { withReadableTimes } from "./json-times.js";
import { readStatus } from "./status.js";

/** Takes the body of a successful answer. */
export interface AnswerBody {
  /** Whether nothing more is wanted, or will come. */
  readonly isEnded: boolean;
  /** The request is under way. */
  opened(call: HttpCall): void;
  /** The answer begins. */
  head(header: Headers): void;
  /** @returns why nothing more is wanted. */
  data(chunk: Buffer): Failure | undefined;
  /**
   * The body has ended.
   *
   * @param endIsSure whether that can be told from a connection that broke.
   */
  whole(endIsSure: boolean): void;
  /** There will be no more of it: once, and instead of `whole`. */
  failed(failure: Failure): void;
}

/** What an answer answers. */
export interface Asked {
  readonly address: ServerAddress;
  readonly request: Pick<HttpRequest, "method" | "path">;
  /** Is filled in where somebody wants to see it. */
  readonly response: ResponseHeaders | undefined;
  /** Is told the status of HTTP. */
  answered(status: number): void;
}

// Errors are short. But one that is given up loses its code.
const MAX_ERROR_BYTES = 16 * 1024 * 1024;

/** Tells answers of grpc-gateway from those of others, and successes from errors. */
export class Answer implements HttpListener {
  readonly #asked: Asked;
  readonly #body: AnswerBody;
  #call: HttpCall | undefined;
  #head: HttpHead | undefined;
  #error: ByteBlock | undefined;

  constructor(asked: Asked, body: AnswerBody) {
    this.#asked = asked;
    this.#body = body;
  }

  /** The request is under way. */
  opened(call: HttpCall): void {
    this.#call = call;
    this.#body.opened(call);
  }

  head(head: HttpHead): void {
    this.#head = head;
    this.#asked.answered(head.status);
    if (this.#asked.response) {
      addAllHeaders(this.#asked.response.header, head.header);
    }
    if (!mayBeJson(head)) {
      this.#giveUp(notRest(head, this.#asked.address));
    } else if (head.status < 200 || head.status > 299) {
      this.#error = new ByteBlock();
    } else {
      this.#body.head(head.header);
    }
  }

  data(chunk: Buffer): void {
    const failure = this.#error ? this.#errorData(this.#error, chunk) : this.#body.data(chunk);
    if (failure) {
      this.#giveUp(failure);
    }
  }

  closed(failure: Failure | undefined): void {
    if (failure) {
      this.#body.failed(this.#ofStatus(failure));
    } else if (this.#error && this.#head) {
      this.#body.failed(this.#status(this.#error.bytes, this.#head));
    } else {
      this.#body.whole(this.#head?.endIsSure ?? false);
    }
  }

  // An error that cannot be decoded still has HTTP's status.
  #ofStatus(failure: Failure): Failure {
    return this.#error && this.#head && failure.kind === "unreadable"
      ? answeredWith(codeOfHttpStatus(this.#head.status), failure.message, this.#head.header)
      : failure;
  }

  #giveUp(failure: Failure): void {
    this.#call?.cancel();
    this.#body.failed(failure);
  }

  #errorData(error: ByteBlock, chunk: Buffer): Failure | undefined {
    if (error.length + chunk.length > MAX_ERROR_BYTES && this.#head) {
      return notRest(this.#head, this.#asked.address);
    }
    error.append(chunk);
    return undefined;
  }

  #status(bytes: Uint8Array, head: HttpHead): Failure {
    const { address, request } = this.#asked;
    const status = readStatus(parseJson(bytes), head.header) ?? notRest(head, address);
    if (!isUnrouted(status)) {
      return status;
    }
    // That looks like a process that is not there, and as a rule is a path of aiemUrl that is wrong.
    const [path] = request.path.split("?");
    const message = `${status.message}: ${request.method} ${path}; if the resource exists, check the path of aiemUrl`;
    return { ...status, message };
  }
}

// grpc-gateway's own word about a path that it has no method for: it names nothing.
function isUnrouted({ code, message, details }: Failure): boolean {
  return code === Code.NotFound && message === "Not Found" && details?.length === 0;
}

/** Whether an answer says that it is JSON, or nothing about it. */
function mayBeJson({ header }: HttpHead): boolean {
  const type = header.get("content-type");
  return type === null || /^application\/([\w.-]+\+|x-nd)?json\s*(;|$)/i.test(type);
}

/**
 * Says what answered instead of a REST gateway: a proxy, a login page, a server of another protocol.
 * Its headers stay, for those that say when to come back.
 */
function notRest({ status, header }: HttpHead, address: ServerAddress): Failure {
  const type = header.get("content-type") ?? "without a content type";
  const message = `${address.origin} answered HTTP ${status} ${type}, which is not AIEM's REST${hint(status, header, address)}`;
  return {
    ...answeredWith(codeOfHttpStatus(status), message, header),
    protocol: status === 404 || status === 415 ? "foreign" : undefined,
  };
}

function hint(status: number, header: Headers, { baseUrl }: ServerAddress): string {
  if (status >= 300 && status < 400) {
    return `; it redirects to ${originOf(header.get("location"), baseUrl)}, and redirects are not followed`;
  }
  return status === 404 || status === 415
    ? '; check the path of aiemUrl, and if the server speaks gRPC, use protocol: "grpc"'
    : "";
}

// Not the whole address: that of a login page may hold secrets.
function originOf(location: string | null, base: string): string {
  try {
    return location === null ? "nowhere" : new URL(location, base).origin;
  } catch {
    return "what is no URL";
  }
}

/**
 * The code of an answer that says nothing else, as gRPC maps what proxies answer (its document
 * http-grpc-status-mapping.md), with a few more of what proxies say by themselves.
 */
function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return Code.Internal;
    case 401:
    case 407:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
    case 405:
    case 501:
      return Code.Unimplemented;
    case 413:
      return Code.ResourceExhausted;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}

/**
 * Parses bytes of an answer.
 *
 * @returns undefined if they are no JSON. Why is not told: the error of JSON.parse shows a part of
 *   the text, which may be a process's environment.
 */
export function parseJson(bytes: Uint8Array): JsonValue | undefined {
  try {
    // A byte order mark may be ignored (RFC 8259, section 8.1); some gateways on Windows write it.
    return JSON.parse(textOf(bytes).replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

/** Whether there is nothing in bytes of JSON: white space, or a byte order mark. */
export function isBlank(bytes: Uint8Array): boolean {
  // Blank lines are short; the others need not be made a text twice.
  return bytes.length < 16 && textOf(bytes).trim() === "";
}

/** Makes the message of an answer's JSON; fields that are not known are ignored. */
export function readMessage<O extends DescMessage>(
  schema: O,
  json: JsonValue | undefined,
): Outcome<MessageShape<O>> {
  if (!isJsonObject(json)) {
    const why = json === undefined ? "it is not JSON" : "it is JSON, but not an object";
    return failed(unreadable(why));
  }
  try {
    return { ok: true, value: messageFromJson(schema, withReadableTimes(schema, json)) };
  } catch (error) {
    const why =
      error instanceof FieldValueError
        ? error.message
        : `it is not the JSON of a ${schema.typeName}`;
    return failed(unreadable(why));
  }
}

/** The failure of an answer that the server means well, and that cannot be understood. */
export function unreadable(why: string): Failure {
  const message = `the server's answer cannot be read: ${why}`;
  return { kind: "unreadable", code: Code.Internal, message };
}

/** How large a message may be. */
export interface MessageLimits {
  /** What the user has set, in bytes. */
  readonly readMaxBytes: number;
  /** How many bytes of JSON are read for it. */
  readonly jsonBytes: number;
}

/** The failure of a message that is larger than the client's limit. */
export function tooLarge({ readMaxBytes }: MessageLimits): Failure {
  const message = `a message is larger than readMaxBytes ${readMaxBytes}; stream the output, or raise readMaxBytes`;
  return { kind: "unreadable", code: Code.ResourceExhausted, message };
}

/** The failure of an answer that only seems to have an end. */
export function cutOff(origin: string): Failure {
  return connectionLost(origin, "made a premature end of its answer");
}
