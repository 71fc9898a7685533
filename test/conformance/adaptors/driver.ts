import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { Limit } from "../../../src/async/limit.js";
import { errorOf, type Failure, type Outcome } from "../../../src/errors/outcome.js";
import type { ConnectParts } from "../../../src/transport/connect/connect-wire.js";
import { wireOf } from "../../../src/transport/foreign.js";
import { GrpcCall, type GrpcSettings } from "../../../src/transport/grpc/grpc-call.js";
import { grpcWire } from "../../../src/transport/grpc/grpc-wire.js";
import { envelope, WholeMessages } from "../../../src/transport/grpc/messages.js";
import { type Attempt, newAttempt, type Wire } from "../../../src/transport/wire.js";

/** One RPC, as the suite wants it. */
export interface Rpc {
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** Filled in by the driver as far as it gets to know them, also where the RPC fails. */
  readonly response: { readonly header: Headers; readonly trailer: Headers };
}

/** Sends RPCs through what is tested. What it throws, and its iterables, is a ConnectError. */
export abstract class Driver {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): Promise<MessageShape<O>> {
    const attempt = attemptOf(rpc);
    const { header, trailer } = rpc.response;
    try {
      const outcome = await this.#wire.unary(method, input, attempt);
      if (!outcome.ok && isEmpty(header) && isEmpty(trailer)) {
        // Connect's errors do not tell headers from trailers. The suite takes them all as trailers
        // then.
        addAll(trailer, outcome.failure.metadata);
      }
      return valueIn(outcome, attempt);
    } finally {
      attempt.limit.release();
    }
  }

  /** The client itself streams nothing but output: this takes what that stands on. */
  abstract serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): AsyncIterable<MessageShape<O>>;
}

/** Sends them by our gRPC. */
export class GrpcDriver extends Driver {
  readonly #settings: GrpcSettings;

  constructor(settings: GrpcSettings) {
    super(grpcWire(settings));
    this.#settings = settings;
  }

  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): AsyncIterable<MessageShape<O>> {
    const attempt = attemptOf(rpc);
    const messages: Uint8Array[] = [];
    let ended: { readonly failure: Failure | undefined } | undefined;
    let wake = () => {};
    const reader = new WholeMessages(this.#settings.readMaxBytes, (message) => {
      messages.push(message);
      wake();
    });
    const call = new GrpcCall(this.#settings, attempt, reader, (failure) => {
      ended = { failure };
      wake();
    });
    call.start(
      `/${method.parent.typeName}/${method.name}`,
      envelope(toBinary(method.input, create(method.input, input))),
    );
    try {
      for (;;) {
        const message = messages.shift();
        if (message) {
          yield fromBinary(method.output, message);
        } else if (ended) {
          break;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      if (ended.failure) {
        throw errorOfAttempt(ended.failure, attempt);
      }
    } finally {
      call.close();
      attempt.limit.release();
    }
  }
}

/** Sends them by Connect's transport over our connections. */
export class ConnectDriver extends Driver {
  readonly #parts: ConnectParts;

  constructor(parts: ConnectParts) {
    super(wireOf(parts.transport, parts.options));
    this.#parts = parts;
  }

  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): AsyncIterable<MessageShape<O>> {
    const { transport, options } = this.#parts;
    const attempt = attemptOf(rpc);
    const { limit } = attempt;
    try {
      const headers = valueIn(await options.headers(attempt), attempt);
      const answer = await options.run(attempt, method, () =>
        transport.stream(
          method,
          limit.signal,
          rpc.timeoutMs,
          headers,
          createAsyncIterable([input]),
        ),
      );
      addAll(rpc.response.header, answer.header);
      yield* answer.message;
      addAll(rpc.response.trailer, answer.trailer);
    } catch (error) {
      const failure = options.failureOf(error, attempt);
      addAll(rpc.response.trailer, failure.metadata);
      throw errorOfAttempt(failure, attempt);
    } finally {
      limit.release();
    }
  }
}

function attemptOf({ headers, timeoutMs, signal, response }: Rpc): Attempt {
  const overdue = () => new ConnectError("the time is over", Code.DeadlineExceeded);
  const limit = new Limit({ signal, ms: timeoutMs, overdue });
  return newAttempt({ headers, serverTimeoutMs: timeoutMs }, limit, response);
}

function valueIn<T>(outcome: Outcome<T>, attempt: Attempt): T {
  if (!outcome.ok) {
    throw errorOfAttempt(outcome.failure, attempt);
  }
  return outcome.value;
}

// What ended on this side has the reason of that, as in the client.
function errorOfAttempt(failure: Failure, { limit }: Attempt): unknown {
  return limit.ended ? limit.ended.reason : errorOf(failure, "", "");
}

function isEmpty(headers: Headers): boolean {
  return [...headers].length === 0;
}

function addAll(headers: Headers, more: Headers | undefined): void {
  more?.forEach((value, name) => {
    headers.append(name, value);
  });
}
