import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { type CallOptions, Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { headersFromMetadata, metadataFromHeaders } from "./metadata.js";

/** A transport of Connect that is another gRPC implementation. */
export interface GrpcJsTransport extends Transport {
  close(): void;
}

/**
 * Calls over `@grpc/grpc-js`, with its own defaults.
 *
 * @param address `host:port`, without TLS.
 */
export function createGrpcJsTransport(
  address: string,
  options: ConstructorParameters<typeof Client>[2] = {},
): GrpcJsTransport {
  // A channel of its own: channels to the same address share their connections otherwise.
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
  return {
    unary: (method, signal, timeoutMs, header, input) =>
      new Promise((resolve, reject) => {
        const codec = codecOf(method);
        let received = new Headers();
        let trailer = new Headers();
        const call = client.makeUnaryRequest(
          ...codec,
          create(method.input, input),
          metadataFromHeaders(header),
          deadlineIn(timeoutMs),
          (error, message) => {
            release();
            if (error || message === undefined) {
              reject(signal?.aborted ? canceled(signal) : connectError(error));
              return;
            }
            const { parent: service } = method;
            resolve({ stream: false, service, method, header: received, trailer, message });
          },
        );
        call.on("metadata", (metadata) => {
          received = headersFromMetadata(metadata);
        });
        call.on("status", ({ metadata }) => {
          trailer = headersFromMetadata(metadata);
        });
        const release = cancelOnAbort(call, signal);
      }),

    async stream(method, signal, timeoutMs, header, input) {
      const begun = [metadataFromHeaders(header), deadlineIn(timeoutMs)] as const;
      const call =
        method.methodKind === "bidi_streaming"
          ? writing(client.makeBidiStreamRequest(...codecOf(method), ...begun), method.input, input)
          : client.makeServerStreamRequest(
              ...codecOf(method),
              create(method.input, await onlyMessage(input)),
              ...begun,
            );
      const trailer = new Headers();
      call.on("status", ({ metadata }) => {
        for (const [name, value] of headersFromMetadata(metadata)) {
          trailer.append(name, value);
        }
      });
      // Errors are told by the iteration; one before it begins must not end the program.
      call.on("error", () => {});
      const message = messagesOf(call, cancelOnAbort(call, signal), signal);
      const { parent: service } = method;
      return { stream: true, service, method, header: new Headers(), trailer, message };
    },

    close: () => client.close(),
  };
}

type Cancellable = Pick<ReturnType<Client["makeUnaryRequest"]>, "cancel">;

type Codec<I extends DescMessage, O extends DescMessage> = [
  path: string,
  serialize: (message: MessageShape<I>) => Buffer,
  deserialize: (bytes: Buffer) => MessageShape<O>,
];

function codecOf<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
): Codec<I, O> {
  return [
    `/${method.parent.typeName}/${method.name}`,
    (message) => Buffer.from(toBinary(method.input, message)),
    (bytes) => fromBinary(method.output, bytes),
  ];
}

// The stream reads on only as it is read: leaving it leaves the rest to flow control.
async function* messagesOf<T>(
  call: AsyncIterable<T> & Cancellable,
  release: () => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* call;
  } catch (error) {
    throw signal?.aborted ? canceled(signal) : connectError(error);
  } finally {
    release();
    call.cancel();
  }
}

function cancelOnAbort(call: Cancellable, signal: AbortSignal | undefined): () => void {
  const cancel = () => call.cancel();
  if (signal?.aborted) {
    cancel();
  }
  signal?.addEventListener("abort", cancel, { once: true });
  return () => signal?.removeEventListener("abort", cancel);
}

function deadlineIn(timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined || timeoutMs <= 0 ? {} : { deadline: Date.now() + timeoutMs };
}

/** The call, which is sent the messages as they come. */
function writing<I extends DescMessage, C extends Writes<MessageShape<I>>>(
  call: C,
  type: I,
  messages: AsyncIterable<MessageInitShape<I>>,
): C {
  const writeAll = async () => {
    for await (const message of messages) {
      call.write(create(type, message));
    }
    call.end();
  };
  writeAll().catch(() => call.cancel());
  return call;
}

interface Writes<M> extends Cancellable {
  write(message: M): unknown;
  end(): unknown;
}

async function onlyMessage<I extends DescMessage>(
  messages: AsyncIterable<MessageInitShape<I>>,
): Promise<MessageInitShape<I>> {
  for await (const message of messages) {
    return message;
  }
  throw new ConnectError("a server stream has one request", Code.Internal);
}

function canceled(signal: AbortSignal): ConnectError {
  return ConnectError.from(signal.reason, Code.Canceled);
}

function connectError(error: unknown): ConnectError {
  if (!isServiceError(error)) {
    return ConnectError.from(error, Code.Internal);
  }
  // The two have the same numbers, but for OK.
  const code: number = error.code;
  return new ConnectError(error.details, code, headersFromMetadata(error.metadata), [], error);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error;
}
