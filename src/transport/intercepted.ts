import type {
  DescMessage,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { createContextValues, type Interceptor } from "@connectrpc/connect";
import { createAsyncIterable, runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { OutputStream } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  ProcessService,
  type StreamOutputResponse,
  StreamOutputResponseSchema,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { unlessEnded } from "../async/limit.js";
import { errorOf, type Failure, failed, type Outcome } from "../errors/outcome.js";
import { MessageSource, onlyRequest } from "./foreign.js";
import { foreignFailure, ownFailure } from "./foreign-failure.js";
import { shownFailure } from "./shown-failure.js";
import { type Attempt, type Batch, type ClientWire, LEFT, type OutputSource } from "./wire.js";

/** What interceptors are told of a call besides its message and headers. */
export interface CallDescription {
  /** The HTTP method. */
  readonly requestMethod: string;
  readonly url: string;
  /** The headers, with the time that the server is given. */
  readonly header: Headers;
}

/**
 * Runs Connect interceptors around each attempt. They work on messages, so that batches end here: a
 * client without interceptors does not come this way.
 */
export function intercepted(
  wire: ClientWire,
  interceptors: readonly Interceptor[],
  describe: (
    method: DescMethodUnary | typeof ProcessService.method.streamOutput,
    attempt: Attempt,
  ) => CallDescription,
): ClientWire {
  if (interceptors.length === 0) {
    return wire;
  }
  return {
    close: () => wire.close(),
    doubt: () => wire.doubt?.(),
    unary: async <I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      input: MessageInitShape<I>,
      attempt: Attempt,
    ): Promise<Outcome<MessageShape<O>>> => {
      const thrown = new ThrownFailures(method.name, attempt);
      const run = async (): Promise<Outcome<MessageShape<O>>> => {
        const { message } = await runUnaryCall<I, O>({
          interceptors: [...interceptors],
          signal: attempt.limit.signal,
          req: {
            stream: false,
            service: method.parent,
            method,
            contextValues: createContextValues(),
            message: input,
            ...describe(method, attempt),
          },
          next: async (req) => {
            const inner = withHeaders(attempt, req.header);
            const value = thrown.valueOf(await wire.unary<I, O>(method, req.message, inner));
            const { header, trailer } = inner.response;
            return {
              stream: false,
              service: method.parent,
              method,
              header,
              trailer,
              message: value,
            };
          },
        });
        return { ok: true, value: message };
      };
      const ran = run().catch((error) => failed(thrown.failureOf(error)));
      // Nothing else ends an interceptor that does not heed the signal.
      return await unlessEnded(attempt.limit, ran, failed(LEFT));
    },
    output: (request, attempt) => {
      const method = ProcessService.method.streamOutput;
      const thrown = new ThrownFailures(method.name, attempt);
      return new MessageSource(
        attempt,
        (error) => thrown.failureOf(error),
        async (limit) => {
          const { message } = await runStreamingCall({
            interceptors: [...interceptors],
            signal: limit.signal,
            req: {
              stream: true,
              service: method.parent,
              method,
              contextValues: createContextValues(),
              message: createAsyncIterable([request]),
              ...describe(method, attempt),
            },
            next: async (req) => {
              const inner = withHeaders({ ...attempt, limit }, req.header);
              const source = wire.output(await onlyRequest(req.message), inner);
              // The head of the answer is there with its first message, or its end.
              const first = thrown.valueOf(await source.wait());
              const { header, trailer } = inner.response;
              return {
                stream: true,
                service: method.parent,
                method,
                header,
                trailer,
                message: messagesOf(source, first, thrown),
              };
            },
          });
          return { ok: true, value: message };
        },
      );
    },
  };
}

function withHeaders(attempt: Attempt, headers: Headers) {
  const response = attempt.response ?? { header: new Headers(), trailer: new Headers() };
  return { ...attempt, hints: { ...attempt.hints, headers }, response };
}

/** Turns failures into errors for interceptors, and knows them again when they come back. */
class ThrownFailures {
  readonly #method: string;
  readonly #attempt: Attempt;
  #error: unknown;
  #failure: Failure | undefined;

  constructor(method: string, attempt: Attempt) {
    this.#method = method;
    this.#attempt = attempt;
  }

  /** @throws the error of a failure. */
  valueOf<T>(outcome: Outcome<T>): T {
    if (outcome.ok) {
      return outcome.value;
    }
    this.#failure = outcome.failure;
    const shown = shownFailure(outcome.failure, this.#attempt.evidence);
    this.#error = errorOf(shown, this.#method, "");
    throw this.#error;
  }

  failureOf(error: unknown): Failure {
    if (this.#failure && error === this.#error) {
      return this.#failure;
    }
    // An interceptor's own, in the place of a call or of its answer.
    return this.#attempt.evidence.connection ? foreignFailure(error) : ownFailure(error);
  }
}

async function* messagesOf(
  source: OutputSource,
  first: "batch" | "end",
  thrown: ThrownFailures,
): AsyncGenerator<StreamOutputResponse> {
  for (let next = first; next === "batch"; next = thrown.valueOf(await source.wait())) {
    for (let batch = source.take(); batch; batch = source.take()) {
      yield* messagesIn(batch);
    }
  }
}

function* messagesIn(batch: Batch): Generator<StreamOutputResponse> {
  for (let i = 0; i < batch.count; i += 1) {
    const stream = batch.stderr(i) ? OutputStream.STDERR : OutputStream.STDOUT;
    yield create(StreamOutputResponseSchema, { stream, data: batch.data(i) });
  }
}
