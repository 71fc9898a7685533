import type {
  DescMessage,
  DescMethod,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues, type Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import {
  ProcessService,
  type StreamOutputResponse,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type Limit, unlessEnded } from "../async/limit.js";
import { BUILT_IN, type NumberedMethod } from "../contract/contract.js";
import { type Failure, FailureThrown, failed, type Outcome } from "../errors/outcome.js";
import { frameFromMessage } from "../model/output.js";
import { frameMismatch } from "./contract/guard.js";
import { type NumberedWire, OURS, requestOf } from "./contract/numbers.js";
import { foreignFailure } from "./foreign-failure.js";
import { headerTimeoutMs } from "./header-timeout.js";
import { addAllHeaders } from "./headers.js";
import { type OutputPiece, PieceBatch } from "./output-batch.js";
import {
  type Attempt,
  type Batch,
  type Connection,
  LEFT,
  type OutputRequest,
  type OutputSource,
  streamClosed,
} from "./wire.js";

const STREAM_OUTPUT = ProcessService.method.streamOutput;

/** How an attempt is handed to a transport, and what is made of the errors that it throws. */
export interface ForeignOptions {
  /** The headers of an attempt; by default the caller's. */
  headers?(attempt: Attempt): Promise<Outcome<Headers>>;
  /** Runs the call, in a context that the transport needs. */
  run?<T>(attempt: Attempt, method: DescMethod, call: () => Promise<T>): Promise<T>;
  /** Tells what happened from what was thrown. */
  failureOf?(thrown: unknown, attempt: Attempt): Failure;
}

/**
 * Sends attempts over a Connect `Transport`, the user's own or one of Connect's. Its errors are all
 * that tells what happened.
 */
export function wireOf(
  transport: Transport,
  options: ForeignOptions = {},
): Omit<NumberedWire, "close"> {
  const { failureOf = foreignFailure, run = (_attempt, _method, call) => call() } = options;
  return {
    unary: async <I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      input: MessageInitShape<I>,
      attempt: Attempt,
      { contract } = OURS,
    ): Promise<Outcome<MessageShape<O>>> => {
      const numbered = contract.method(method);
      const request = requestOf(numbered, input);
      if (!request.ok) {
        return request;
      }
      const send = async (): Promise<Outcome<MessageShape<O>>> => {
        const header = await headersOf(attempt, options);
        if (!header.ok) {
          return header;
        }
        const { serverTimeoutMs, long } = attempt.hints;
        attempt.evidence.connection = options.run ? undefined : unknownConnection();
        const response = await run(attempt, method, () =>
          transport.unary<I, O>(
            numbered.descriptor,
            attempt.limit.signal,
            // Of a long call the header alone tells: its end comes from the server.
            long ? undefined : serverTimeoutMs,
            long ? withTimeout(header.value, serverTimeoutMs) : header.value,
            request.value,
            createContextValues(),
          ),
        );
        attempt.evidence.answered = true;
        if (attempt.response) {
          addAllHeaders(attempt.response.header, response.header);
          addAllHeaders(attempt.response.trailer, response.trailer);
        }
        return { ok: true, value: numbered.response(response.message) };
      };
      const sent = send().catch((thrown) => failed(failureOf(thrown, attempt)));
      return await unlessEnded(attempt.limit, sent, failed(LEFT));
    },
    output: (request, attempt, { contract, isGuarded } = OURS) =>
      new MessageSource(attempt, failureOf, async (limit) => {
        const numbered = contract.method(STREAM_OUTPUT);
        const asked = requestOf(numbered, request);
        if (!asked.ok) {
          return asked;
        }
        const header = await headersOf(attempt, options);
        if (!header.ok) {
          return header;
        }
        attempt.evidence.connection = options.run ? undefined : unknownConnection();
        const answer = await run(attempt, STREAM_OUTPUT, () =>
          transport.stream(
            numbered.descriptor,
            limit.signal,
            undefined,
            header.value,
            createAsyncIterable([asked.value]),
            createContextValues(),
          ),
        );
        const messages =
          contract === BUILT_IN && !isGuarded
            ? answer.message
            : translated(answer.message, numbered, isGuarded);
        const { evidence, response } = attempt;
        evidence.answered = true;
        if (!response) {
          return { ok: true, value: messages };
        }
        addAllHeaders(response.header, answer.header);
        const addTrailer = () => addAllHeaders(response.trailer, answer.trailer);
        return { ok: true, value: andThen(messages, addTrailer) };
      }),
  };
}

async function headersOf(attempt: Attempt, options: ForeignOptions): Promise<Outcome<Headers>> {
  if (options.headers) {
    return await options.headers(attempt);
  }
  const headers = new Headers(attempt.hints.headers);
  attempt.evidence.credentials = headers.get("authorization") ?? undefined;
  return { ok: true, value: headers };
}

// Both protocols' headers: each server reads its own.
function withTimeout(headers: Headers, timeoutMs: number | undefined): Headers {
  if (timeoutMs !== undefined) {
    const milliseconds = headerTimeoutMs(timeoutMs);
    headers.set("grpc-timeout", `${milliseconds}m`);
    headers.set("connect-timeout-ms", `${milliseconds}`);
  }
  return headers;
}

/** A foreign transport does not tell what it sends a request over. */
function unknownConnection(): Connection {
  return { isGone: false, avoid() {}, destroy() {} };
}

async function* translated(
  messages: Messages,
  { response }: NumberedMethod<typeof STREAM_OUTPUT>,
  isGuarded: boolean,
): AsyncGenerator<StreamOutputResponse> {
  for await (const message of messages) {
    const mismatch = isGuarded ? frameMismatch(message) : undefined;
    if (mismatch) {
      throw new FailureThrown(mismatch);
    }
    yield response(message);
  }
}

async function* andThen<T>(items: AsyncIterable<T>, done: () => void): AsyncGenerator<T> {
  yield* items;
  done();
}

const BATCH = { ok: true, value: "batch" } as const;
const END = { ok: true, value: "end" } as const;

type Messages = AsyncIterable<StreamOutputResponse>;

// As much as is read ahead of a reader that is busy.
const MOST_BYTES = 64 * 1024;

/**
 * Output that comes as an iterable of messages. It is read ahead while the reader is busy, so that
 * what came in between is one batch.
 */
export class MessageSource implements OutputSource {
  readonly #attempt: Attempt;
  readonly #limit: Limit;
  readonly #failureOf: (thrown: unknown, attempt: Attempt) => Failure;
  readonly #stopListening: () => void = () => undefined;
  #pieces: OutputPiece[] = [];
  #bytes = 0;
  #end: Outcome<"end"> | undefined;
  #wake: (() => void) | undefined;
  #goOn: (() => void) | undefined;

  /**
   * @param open opens the stream. It is cancelled by the limit that it gets: Connect's iterables
   *   leave it open, whatever is done to them.
   */
  constructor(
    attempt: Attempt,
    failureOf: (thrown: unknown, attempt: Attempt) => Failure,
    open: (limit: Limit) => Promise<Outcome<Messages>>,
  ) {
    this.#attempt = attempt;
    this.#failureOf = failureOf;
    this.#limit = attempt.limit.within({});
    this.#stopListening = this.#limit.onEnd(() => this.#finish(failed(LEFT)));
    void this.#read(open);
  }

  take(): Batch | undefined {
    if (this.#pieces.length === 0) {
      return undefined;
    }
    const batch = new PieceBatch(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    this.#goOn?.();
    return batch;
  }

  async wait(): Promise<Outcome<"batch" | "end">> {
    if (this.#pieces.length === 0 && !this.#end) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#pieces.length > 0 ? BATCH : (this.#end ?? failed(LEFT));
  }

  close(): void {
    this.#pieces = [];
    this.#limit.end(streamClosed);
  }

  async #read(open: (limit: Limit) => Promise<Outcome<Messages>>): Promise<void> {
    try {
      const opened = await open(this.#limit);
      if (!opened.ok) {
        this.#finish(opened);
        return;
      }
      for await (const message of opened.value) {
        // Messages that were received before an abort are handed out after it.
        if (this.#limit.isEnded) {
          return;
        }
        const { stream, data } = frameFromMessage(message);
        if (data.length > 0) {
          this.#pieces.push({ stderr: stream === "OUTPUT_STREAM_STDERR", data });
          this.#bytes += data.length;
          this.#tell();
        }
        if (this.#bytes >= MOST_BYTES) {
          await new Promise<void>((resolve) => {
            this.#goOn = resolve;
          });
        }
      }
      this.#finish(END);
    } catch (thrown) {
      this.#finish(failed(this.#failureOf(thrown, this.#attempt)));
    }
  }

  #finish(end: Outcome<"end">): void {
    if (!this.#end) {
      this.#end = end;
      this.#stopListening();
      this.#limit.release();
      this.#goOn?.();
      this.#tell();
    }
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** The request of StreamOutput from an iterable that interceptors may have changed. */
export async function onlyRequest(messages: AsyncIterable<OutputRequest>): Promise<OutputRequest> {
  for await (const message of messages) {
    return message;
  }
  throw new ConnectError("StreamOutput has one request", Code.Internal);
}
