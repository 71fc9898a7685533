import { createAsyncIterable } from "@connectrpc/connect/protocol";
import type { ClientTransport } from "../client-transport.js";
import { ProtocolChoice, type ProtocolChoiceOptions } from "./protocol-choice.js";

/** Speaks gRPC, or REST if it turns out that gRPC is not spoken there. */
export function createAutoTransport(options: ProtocolChoiceOptions): ClientTransport {
  const { grpc, rest } = options;
  const choice = new ProtocolChoice(options);
  return {
    origin: grpc.origin,
    // The connection in the record tells by itself what it is one of.
    avoid: (record) => grpc.avoid(record),
    markDead: (record) => grpc.markDead(record),
    close() {
      grpc.close();
      rest.close();
    },
    transport: {
      unary: (method, signal, timeoutMs, ...others) =>
        choice.send(timeoutMs, (transport, remainingMs) =>
          transport.unary(method, signal, remainingMs, ...others),
        ),
      async stream(method, signal, timeoutMs, header, input, contextValues) {
        // Kept, so that they can be sent again. None of our methods has more than one.
        const messages = await collect(input);
        return await choice.send(timeoutMs, (transport, remainingMs) => {
          const again = createAsyncIterable(messages);
          return transport.stream(method, signal, remainingMs, header, again, contextValues);
        });
      },
    },
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) {
    collected.push(item);
  }
  return collected;
}
