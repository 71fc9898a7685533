import { setTimeout as sleep } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  type BidiStreamResponseSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type ConformancePayloadSchema,
  type ConformanceService,
  type Error as ErrorMessage,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "#suite/service_pb.js";
import { appendHeaders, toHeaders } from "./metadata.js";

type PayloadInit = MessageInitShape<typeof ConformancePayloadSchema>;

/** The service of Connect's conformance suite: a request says what its answer is to be. */
export const conformanceService: Partial<ServiceImpl<typeof ConformanceService>> = {
  async unary(request, context) {
    const requests = [packed(UnaryRequestSchema, request)];
    return { payload: await answer(request.responseDefinition, requests, context) };
  },

  async idempotentUnary(request, context) {
    const requests = [packed(IdempotentUnaryRequestSchema, request)];
    return { payload: await answer(request.responseDefinition, requests, context) };
  },

  async clientStream(received, context) {
    const requests: Any[] = [];
    let definition: UnaryResponseDefinition | undefined;
    for await (const request of received) {
      if (requests.length === 0) {
        definition = request.responseDefinition;
      }
      requests.push(packed(ClientStreamRequestSchema, request));
    }
    return { payload: await answer(definition, requests, context) };
  },

  async *serverStream(request, context) {
    const definition = request.responseDefinition;
    announce(definition, context);
    let info: ConformancePayload_RequestInfo | undefined = requestInfo(
      [packed(ServerStreamRequestSchema, request)],
      context,
    );
    for (const data of definition?.responseData ?? []) {
      await delay(definition, context);
      yield { payload: { data, ...(info && { requestInfo: info }) } };
      info = undefined;
    }
    throwIfAsked(definition?.error, info);
  },

  async *bidiStream(received, context) {
    const answers = new BidiAnswers(context);
    for await (const request of received) {
      answers.take(request);
      if (answers.fullDuplex) {
        const next = await answers.next();
        if (next === undefined) {
          break;
        }
        yield next;
      }
    }
    for (let next = await answers.next(); next; next = await answers.next()) {
      yield next;
    }
    answers.end();
  },
};

/** What a bidirectional stream answers: one message for each that it receives, or all at the end. */
class BidiAnswers {
  readonly #context: HandlerContext;
  #definition: StreamResponseDefinition | undefined;
  #fullDuplex = false;
  #requests: Any[] = [];
  #received = 0;
  #sent = 0;

  constructor(context: HandlerContext) {
    this.#context = context;
  }

  get fullDuplex(): boolean {
    return this.#fullDuplex;
  }

  take(request: MessageShape<typeof BidiStreamRequestSchema>): void {
    // Those that follow have nothing to say about the answers.
    if (this.#received === 0) {
      this.#definition = request.responseDefinition;
      this.#fullDuplex = request.fullDuplex;
      announce(this.#definition, this.#context);
    }
    this.#received += 1;
    this.#requests.push(packed(BidiStreamRequestSchema, request));
  }

  async next(): Promise<MessageInitShape<typeof BidiStreamResponseSchema> | undefined> {
    const data = this.#definition?.responseData[this.#sent];
    if (data === undefined) {
      return undefined;
    }
    await delay(this.#definition, this.#context);
    const payload: PayloadInit = { data };
    if (this.#sent === 0) {
      payload.requestInfo = requestInfo(this.#requests, this.#context);
    } else if (this.#requests.length > 0) {
      payload.requestInfo = { requests: this.#requests };
    }
    this.#sent += 1;
    this.#requests = [];
    return { payload };
  }

  end(): void {
    const info = this.#sent === 0 ? requestInfo(this.#requests, this.#context) : undefined;
    throwIfAsked(this.#definition?.error, info);
  }
}

/** The one answer to a call, or its error. */
async function answer(
  definition: UnaryResponseDefinition | undefined,
  requests: Any[],
  context: HandlerContext,
): Promise<PayloadInit> {
  announce(definition, context);
  await delay(definition, context);
  const info = requestInfo(requests, context);
  const response = definition?.response;
  if (response?.case === "error") {
    throwIfAsked(response.value, info);
  }
  return {
    requestInfo: info,
    ...(response?.case === "responseData" && { data: response.value }),
  };
}

function announce(
  definition: UnaryResponseDefinition | StreamResponseDefinition | undefined,
  { responseHeader, responseTrailer }: HandlerContext,
): void {
  appendHeaders(responseHeader, definition?.responseHeaders);
  appendHeaders(responseTrailer, definition?.responseTrailers);
}

async function delay(
  definition: UnaryResponseDefinition | StreamResponseDefinition | undefined,
  { signal }: HandlerContext,
): Promise<void> {
  if (definition && definition.responseDelayMs > 0) {
    await sleep(definition.responseDelayMs, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  }
}

/** @throws ConnectError that is asked for, with what was received as a detail. */
function throwIfAsked(
  error: ErrorMessage | undefined,
  info: ConformancePayload_RequestInfo | undefined,
): void {
  if (error === undefined) {
    return;
  }
  const thrown = new ConnectError(error.message ?? "", Number(error.code));
  const details = error.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  const own = info && [{ desc: ConformancePayload_RequestInfoSchema, value: info }];
  thrown.details = [...details, ...(own ?? [])];
  throw thrown;
}

/** What the server saw of a call. */
function requestInfo(requests: Any[], context: HandlerContext): ConformancePayload_RequestInfo {
  const { requestHeader, requestMethod, url } = context;
  const timeoutMs = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: toHeaders(requestHeader),
    requests,
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.ceil(timeoutMs)) }),
    ...(requestMethod === "GET" && {
      connectGetInfo: { queryParams: toHeaders(new URL(url).searchParams) },
    }),
  });
}

function packed<T extends DescMessage>(schema: T, message: MessageShape<T>): Any {
  return anyPack(schema, message);
}
