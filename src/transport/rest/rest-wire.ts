import { constants } from "node:buffer";
import type { OutgoingHttpHeaders } from "node:http";
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { unlessEnded } from "../../async/limit.js";
import { type Failure, failed, type Outcome } from "../../errors/outcome.js";
import { ByteBlock } from "../../model/bytes.js";
import { FieldValueError } from "../../rest-rules/field-values.js";
import { HttpRuleError } from "../../rest-rules/http-rule.js";
import { renderRequest } from "../../rest-rules/request.js";
import type { ServerAddress } from "../aiem-url.js";
import { CLIENT_CLOSED } from "../failures.js";
import { headerTimeoutMs } from "../header-timeout.js";
import { Http1Connections, type Http1Options } from "../http1/connections.js";
import type { PrepareHeaders, RequestHeaders } from "../request-headers.js";
import {
  type Attempt,
  type ClientWire,
  type Hints,
  LEFT,
  type OutputRequest,
  type OutputSource,
} from "../wire.js";
import {
  Answer,
  type AnswerBody,
  cutOff,
  type MessageLimits,
  parseJson,
  readMessage,
  tooLarge,
} from "./answer.js";
import { type HttpRequest, startHttpCall } from "./http-call.js";
import { RestOutput } from "./rest-output.js";
import { ruleOf } from "./route.js";

/** What REST needs to know. */
export interface RestWireOptions {
  /** How to reach the server. */
  readonly dial: Http1Options;
  /** How large a message may be, in bytes; in base64 it is a third longer. */
  readonly readMaxBytes: number;
  readonly prepare: PrepareHeaders;
}

/**
 * REST: JSON over HTTP/1.1 by the google.api.http rules of the methods, as grpc-gateway speaks it.
 * Every open call holds a connection of its own, however many there are.
 */
export function restWire(options: RestWireOptions): ClientWire {
  return new RestWire(options);
}

// What JSON adds to a message of small fields.
const JSON_EXTRA_BYTES = 1024;

class RestWire implements ClientWire {
  readonly #address: ServerAddress;
  readonly #prepare: PrepareHeaders;
  readonly #limits: MessageLimits;
  readonly #connections: Http1Connections;

  constructor({ dial, readMaxBytes, prepare }: RestWireOptions) {
    this.#address = dial.address;
    this.#prepare = prepare;
    const longest = Math.ceil(readMaxBytes / 3) * 4 + JSON_EXTRA_BYTES;
    this.#limits = { readMaxBytes, jsonBytes: Math.min(longest, constants.MAX_STRING_LENGTH) };
    this.#connections = new Http1Connections(dial);
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    attempt: Attempt,
  ): Promise<Outcome<MessageShape<O>>> {
    return new Promise((resolve) => {
      const end = cutOff(this.#address.origin);
      const body = new UnaryBody(method.output, this.#limits, end, resolve);
      this.#open(method, create(method.input, input), attempt, body);
    });
  }

  output(request: OutputRequest, attempt: Attempt): OutputSource {
    const output = new RestOutput(this.#limits, cutOff(this.#address.origin));
    const method = ProcessService.method.streamOutput;
    this.#open(method, create(method.input, request), attempt, output);
    return output;
  }

  close(): void {
    this.#connections.close(CLIENT_CLOSED);
  }

  #open(
    method: DescMethod,
    message: MessageShape<DescMessage>,
    attempt: Attempt,
    body: AnswerBody,
  ): void {
    const { evidence } = attempt;
    evidence.connection = undefined;
    evidence.answered = false;
    const send = (prepared: Outcome<RequestHeaders>) => {
      if (!prepared.ok) {
        body.failed(prepared.failure);
      } else if (!body.isEnded) {
        this.#send(method, message, prepared.value, attempt, body);
      }
    };
    const prepared = this.#prepare(attempt);
    if (prepared instanceof Promise) {
      // A token provider need not heed its signal.
      void unlessEnded(attempt.limit, prepared, failed(LEFT)).then(send);
    } else {
      send(prepared);
    }
  }

  #send(
    method: DescMethod,
    message: MessageShape<DescMessage>,
    headers: RequestHeaders,
    attempt: Attempt,
    body: AnswerBody,
  ): void {
    if (attempt.limit.isEnded) {
      body.failed(LEFT);
      return;
    }
    try {
      const request = this.#request(method, message, headers, attempt.hints);
      const { evidence } = attempt;
      const url = `${this.#address.origin}${request.path}`;
      const answered = (status: number | undefined) => {
        evidence.http = { url, status };
      };
      answered(undefined);
      const asked = { address: this.#address, request, response: attempt.response, answered };
      const answer = new Answer(asked, body);
      answer.opened(startHttpCall(this.#connections, this.#address, request, attempt, answer));
    } catch (error) {
      body.failed(notSent(error));
    }
  }

  #request(
    method: DescMethod,
    message: MessageShape<DescMessage>,
    headers: RequestHeaders,
    hints: Hints,
  ): HttpRequest {
    const { pathPrefix, authority } = this.#address;
    const { path, query, body, ...rendered } = renderRequest(ruleOf(method), message);
    return {
      method: rendered.method,
      path: `${pathPrefix}${path}${query === "" ? "" : `?${query}`}`,
      headers: {
        ...requestHeaders(headers, hints),
        host: authority,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      body,
    };
  }
}

/** The answer of a unary call: one message. */
class UnaryBody<O extends DescMessage> implements AnswerBody {
  isEnded = false;
  readonly #schema: O;
  readonly #limits: MessageLimits;
  readonly #cutOff: Failure;
  readonly #resolve: (outcome: Outcome<MessageShape<O>>) => void;
  readonly #bytes = new ByteBlock();

  constructor(
    schema: O,
    limits: MessageLimits,
    cutOff: Failure,
    resolve: (outcome: Outcome<MessageShape<O>>) => void,
  ) {
    this.#schema = schema;
    this.#limits = limits;
    this.#cutOff = cutOff;
    this.#resolve = resolve;
  }

  opened(): void {}

  head(): void {}

  data(chunk: Buffer): Failure | undefined {
    if (this.#bytes.length + chunk.length > this.#limits.jsonBytes) {
      return tooLarge(this.#limits);
    }
    this.#bytes.append(chunk);
    return undefined;
  }

  whole(endIsSure: boolean): void {
    const json = parseJson(this.#bytes.bytes);
    if (json === undefined && !endIsSure) {
      this.failed(this.#cutOff);
      return;
    }
    this.isEnded = true;
    this.#resolve(readMessage(this.#schema, json));
  }

  failed(failure: Failure): void {
    this.isEnded = true;
    this.#resolve(failed(failure));
  }
}

// Those of the connection are HTTP's own matter, and so is the length of the body. What the body is,
// and what can be read, is REST's.
const NOT_THE_CALLERS = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // Connect's; grpc-gateway reads gRPC's.
  "connect-timeout-ms",
]);

function requestHeaders(
  { caller, authorization, userAgent }: RequestHeaders,
  { serverTimeoutMs }: Hints,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    accept: "application/json",
    // Without it any coding would do (RFC 9110, section 12.5.3), and none is decoded.
    "accept-encoding": "identity",
    "user-agent": userAgent,
  };
  if (authorization !== undefined) {
    headers["authorization"] = authorization;
  }
  if (serverTimeoutMs !== undefined) {
    headers["grpc-timeout"] = `${headerTimeoutMs(serverTimeoutMs)}m`;
  }
  for (const [name, value] of caller ?? []) {
    if (!NOT_THE_CALLERS.has(name)) {
      headers[name] = value;
    }
  }
  return headers;
}

/** Why a request could not be made of a message. */
function notSent(error: unknown): Failure {
  if (error instanceof FieldValueError) {
    const code = Code.InvalidArgument;
    return { kind: "local", code, message: error.message, cause: error };
  }
  if (error instanceof HttpRuleError) {
    const code = Code.Unimplemented;
    return { kind: "local", code, message: error.message, cause: error };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "local", code: Code.Internal, message, thrown: error };
}
