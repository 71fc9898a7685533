import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createMethodUrl, runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import type { ServerAddress } from "../aiem-url.js";
import { currentAttempt } from "../call-context.js";
import { CallRecord } from "../call-record.js";
import type { AnswerReader } from "./answer-reader.js";
import type { HttpAnswer, HttpExchange } from "./http-exchange.js";
import { callHeaders } from "./request-headers.js";
import { requestOf, ruleOf } from "./rest-call.js";

/** What a transcoding transport is made of. */
export interface TranscodingOptions {
  readonly address: ServerAddress;
  readonly interceptors: Interceptor[];
  readonly exchange: HttpExchange;
  readonly reader: AnswerReader;
}

/** Speaks JSON over HTTP by the google.api.http rules of the methods, as grpc-gateway does. */
export function createTranscodingTransport(options: TranscodingOptions): Transport {
  const { address, interceptors, exchange, reader } = options;
  const prefix = address.baseUrl.slice(address.origin.length);

  /** What interceptors see of a call of either kind. */
  function described(
    method: DescMethod,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    contextValues: ContextValues | undefined,
  ) {
    return {
      service: method.parent,
      requestMethod: ruleOf(method).method,
      url: createMethodUrl(address.baseUrl, method),
      header: callHeaders(header, limited(timeoutMs)),
      contextValues: contextValues ?? createContextValues(),
    };
  }

  /** Sends a request, and returns its answer if that is a success. */
  async function send(
    { method, message, header, signal }: Sending,
    record: CallRecord,
  ): Promise<HttpAnswer> {
    const request = requestOf(method, message, header, prefix);
    const answer = await exchange.send(request, signal);
    record.answer();
    const [path = ""] = request.path.split("?");
    await reader.requireSuccess(answer, record, { method: request.method, path });
    return answer;
  }

  return {
    async unary(method, signal, timeoutMs, header, message, contextValues) {
      const { parent: service, output } = method;
      return await runUnaryCall({
        interceptors,
        ...limits(signal, timeoutMs),
        req: {
          stream: false,
          method,
          ...described(method, timeoutMs, header, contextValues),
          message,
        },
        next: async (req) => {
          const record = currentRecordOfAttempt();
          const answer = await send(req, record);
          return {
            stream: false,
            service,
            method,
            header: answer.header,
            message: await reader.message(output, answer),
            trailer: new Headers(),
          };
        },
      });
    },

    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const { parent: service, output } = method;
      return await runStreamingCall({
        interceptors,
        ...limits(signal, timeoutMs),
        req: {
          stream: true,
          method,
          ...described(method, timeoutMs, header, contextValues),
          message: input,
        },
        next: async (req) => {
          const record = currentRecordOfAttempt();
          const answer = await send({ ...req, message: await onlyOne(req.message) }, record);
          return {
            stream: true,
            service,
            method,
            header: answer.header,
            message: reader.messages(output, answer, record),
            trailer: new Headers(),
          };
        },
      });
    },
  };
}

interface Sending {
  readonly method: DescMethod;
  readonly message: MessageShape<DescMessage>;
  readonly header: Headers;
  readonly signal: AbortSignal;
}

function limits(
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
): { signal?: AbortSignal; timeoutMs?: number } {
  const limitMs = limited(timeoutMs);
  return { ...(signal && { signal }), ...(limitMs !== undefined && { timeoutMs: limitMs }) };
}

// As Connect's own transports take it: no time at all means no limit.
function limited(timeoutMs: number | undefined): number | undefined {
  return timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
}

function currentRecordOfAttempt(): CallRecord {
  return currentAttempt()?.record ?? new CallRecord();
}

async function onlyOne<T>(messages: AsyncIterable<T>): Promise<T> {
  for await (const message of messages) {
    return message;
  }
  throw new ConnectError("a stream of answers has one request", Code.Internal);
}
