import {
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { NumberedMethod } from "../../contract/contract.js";
import { failed, type Outcome } from "../../errors/outcome.js";
import { type NumberedWire, OURS, requestOf } from "../contract/numbers.js";
import { strayFieldIn } from "../contract/stray-fields.js";
import { CLIENT_CLOSED } from "../failures.js";
import { OutputQueue } from "../output-queue.js";
import type { Attempt, OutputRequest, OutputSource } from "../wire.js";
import { GrpcCall, type GrpcSettings } from "./grpc-call.js";
import { envelope, WholeMessages } from "./messages.js";
import { OutputReader, outputFormat, unreadable } from "./output-reader.js";

/** gRPC over HTTP/2. */
export function grpcWire(settings: GrpcSettings): NumberedWire {
  return {
    unary: (method, input, attempt, numbers) => unary(settings, method, input, attempt, numbers),
    output: (request, attempt, numbers) => output(settings, request, attempt, numbers),
    close: () => settings.http2.close(CLIENT_CLOSED),
  };
}

function unary<I extends DescMessage, O extends DescMessage>(
  settings: GrpcSettings,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  attempt: Attempt,
  { contract, isGuarded } = OURS,
): Promise<Outcome<MessageShape<O>>> {
  const numbered = contract.method(method);
  const body = encode(numbered, input);
  if (!body.ok) {
    return Promise.resolve(body);
  }
  return new Promise((resolve) => {
    const messages: Uint8Array[] = [];
    const reader = new WholeMessages(settings.readMaxBytes, (message) => messages.push(message));
    const call = new GrpcCall(settings, attempt, reader, (failure) =>
      resolve(failure ? failed(failure) : onlyMessage(numbered, messages, isGuarded)),
    );
    call.start(numbered.path, body.value);
  });
}

function output(
  settings: GrpcSettings,
  request: OutputRequest,
  attempt: Attempt,
  { contract, isGuarded } = OURS,
): OutputSource {
  const format = outputFormat(contract, isGuarded);
  const queue = new OutputQueue();
  const body = encode(format.method, request);
  if (!body.ok) {
    queue.end(body.failure);
    return queue;
  }
  const reader = new OutputReader(settings.readMaxBytes, queue.add, format);
  const call = new GrpcCall(settings, attempt, reader, (failure) => queue.end(failure));
  queue.connect(call);
  call.start(format.method.path, body.value);
  return queue;
}

function encode<M extends DescMethod>(
  method: NumberedMethod<M>,
  input: MessageInitShape<M["input"]>,
): Outcome<Uint8Array> {
  const request = requestOf(method, input);
  if (!request.ok) {
    return request;
  }
  try {
    return { ok: true, value: envelope(toBinary(method.descriptor.input, request.value)) };
  } catch (thrown) {
    const message = "the request cannot be encoded";
    return failed({ kind: "local", code: Code.Internal, message, thrown });
  }
}

function onlyMessage<M extends DescMethod>(
  { descriptor, response }: NumberedMethod<M>,
  messages: readonly Uint8Array[],
  isGuarded: boolean,
): Outcome<MessageShape<M["output"]>> {
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    const text = `the server sent ${messages.length} messages as the answer to a call that has one`;
    return failed({ kind: "unreadable", code: Code.Unimplemented, message: text });
  }
  try {
    const stray = isGuarded ? strayFieldIn(descriptor.output, message) : undefined;
    if (stray !== undefined) {
      return failed({ kind: "unreadable", code: Code.Internal, message: stray, malformed: true });
    }
    return { ok: true, value: response(fromBinary<M["output"]>(descriptor.output, message)) };
  } catch (error) {
    return failed(unreadable(error));
  }
}
