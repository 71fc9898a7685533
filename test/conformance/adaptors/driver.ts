import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";

/** One RPC, as the suite wants it. */
export interface Rpc {
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** Filled in by the driver as far as it gets to know them, also where the RPC fails. */
  readonly response: { header: Headers; trailer: Headers };
}

/** Sends RPCs through what is tested. What it throws, and its iterables, is a ConnectError. */
export interface Driver {
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): Promise<MessageShape<O>>;
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): AsyncIterable<MessageShape<O>>;
}

/** Sends them through a transport of Connect's kind. */
export class TransportDriver implements Driver {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): Promise<MessageShape<O>> {
    const { signal, timeoutMs, headers } = rpc;
    try {
      const answer = await this.#transport.unary(method, signal, timeoutMs, headers, input);
      rpc.response.header = answer.header;
      rpc.response.trailer = answer.trailer;
      return answer.message;
    } catch (error) {
      // It does not tell headers from trailers. The suite takes them all as trailers then.
      rpc.response.trailer = ConnectError.from(error).metadata;
      throw error;
    }
  }

  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    rpc: Rpc,
  ): AsyncIterable<MessageShape<O>> {
    const { signal, timeoutMs, headers } = rpc;
    const inputs = (async function* () {
      yield input;
    })();
    try {
      const answer = await this.#transport.stream(method, signal, timeoutMs, headers, inputs);
      rpc.response.header = answer.header;
      yield* answer.message;
      rpc.response.trailer = answer.trailer;
    } catch (error) {
      rpc.response.trailer = ConnectError.from(error).metadata;
      throw error;
    }
  }
}
