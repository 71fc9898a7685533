import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type Failure, failed, type Outcome } from "../../errors/outcome.js";
import { CLIENT_CLOSED } from "../failures.js";
import { OutputQueue } from "../output-queue.js";
import type { Attempt, ClientWire, OutputRequest, OutputSource } from "../wire.js";
import { GrpcCall, type GrpcSettings } from "./grpc-call.js";
import { envelope, WholeMessages } from "./messages.js";
import { OutputReader, STREAM_OUTPUT, unreadable } from "./output-reader.js";

/** gRPC over HTTP/2. */
export function grpcWire(settings: GrpcSettings): ClientWire {
  return {
    unary: (method, input, attempt) => unary(settings, method, input, attempt),
    output: (request, attempt) => output(settings, request, attempt),
    close: () => settings.http2.close(CLIENT_CLOSED),
  };
}

function unary<I extends DescMessage, O extends DescMessage>(
  settings: GrpcSettings,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  attempt: Attempt,
): Promise<Outcome<MessageShape<O>>> {
  const body = encode(method.input, input);
  if (!(body instanceof Uint8Array)) {
    return Promise.resolve(failed(body));
  }
  return new Promise((resolve) => {
    const messages: Uint8Array[] = [];
    const reader = new WholeMessages(settings.readMaxBytes, (message) => messages.push(message));
    const call = new GrpcCall(settings, attempt, reader, (failure) =>
      resolve(failure ? failed(failure) : onlyMessage(method.output, messages)),
    );
    call.start(method, body);
  });
}

function output(settings: GrpcSettings, request: OutputRequest, attempt: Attempt): OutputSource {
  const queue = new OutputQueue();
  const body = encode(STREAM_OUTPUT.input, request);
  if (!(body instanceof Uint8Array)) {
    queue.end(body);
    return queue;
  }
  const reader = new OutputReader(settings.readMaxBytes, queue.add);
  const call = new GrpcCall(settings, attempt, reader, (failure) => queue.end(failure));
  queue.connect(call);
  call.start(STREAM_OUTPUT, body);
  return queue;
}

function encode<I extends DescMessage>(
  schema: I,
  input: MessageInitShape<I>,
): Uint8Array | Failure {
  try {
    return envelope(toBinary(schema, create(schema, input)));
  } catch (thrown) {
    return { kind: "local", code: Code.Internal, message: "the request cannot be encoded", thrown };
  }
}

function onlyMessage<O extends DescMessage>(
  schema: O,
  messages: readonly Uint8Array[],
): Outcome<MessageShape<O>> {
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    const text = `the server sent ${messages.length} messages as the answer to a call that has one`;
    return failed({ kind: "unreadable", code: Code.Unimplemented, message: text });
  }
  try {
    return { ok: true, value: fromBinary(schema, message) };
  } catch (error) {
    return failed(unreadable(error));
  }
}
