import type { DescMethod, DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";

/** Whether one message is answered with one. */
export function isUnary(rpc: DescMethod): rpc is DescMethodUnary {
  return rpc.methodKind === "unary";
}

/** Whether one message is answered with any number. */
export function isServerStreaming(rpc: DescMethod): rpc is DescMethodServerStreaming {
  return rpc.methodKind === "server_streaming";
}
