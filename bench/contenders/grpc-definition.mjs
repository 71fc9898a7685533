// @ts-check
// The service as grpc-js and nice-grpc want it: their calls, the same messages as everyone's.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ProcessService } from "aiem-process-client/gen";

/** Any answer may be as large as this client takes it. */
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": 64 * 1024 * 1024,
  // Channels to the same address would share their connections otherwise.
  "grpc.use_local_subchannel_pool": 1,
};

/**
 * @template {import("@bufbuild/protobuf").DescMessage} I
 * @template {import("@bufbuild/protobuf").DescMessage} O
 * @template {boolean} [Stream=false]
 * @param {import("@bufbuild/protobuf").DescMethod & { readonly input: I, readonly output: O }} method
 * @param {Stream} responseStream
 * @returns {import("@grpc/grpc-js").MethodDefinition<import("@bufbuild/protobuf").MessageInitShape<I>, import("@bufbuild/protobuf").MessageShape<O>> & { readonly requestStream: false, readonly responseStream: Stream }}
 */
function definition(method, responseStream) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream,
    requestSerialize: (message) =>
      Buffer.from(toBinary(method.input, create(method.input, message))),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

const { getProcess, waitProcess, readOutput, streamOutput } = ProcessService.method;

export const SERVICE = {
  getProcess: definition(getProcess, false),
  waitProcess: definition(waitProcess, false),
  readOutput: definition(readOutput, false),
  streamOutput: definition(streamOutput, true),
};
