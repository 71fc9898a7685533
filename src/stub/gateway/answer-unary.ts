import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { MethodImplSpec } from "@connectrpc/connect";
import type { NodeResponse } from "../server/node-handler.js";
import { answerError, answerJson } from "./answer.js";
import type { Call } from "./call.js";
import { shownError } from "./error-status.js";
import { messageToJson } from "./message-to-json.js";
import { setMetadataHeaders } from "./response-headers.js";

/** A method that answers one message with one. */
export type UnarySpec = Extract<MethodImplSpec, { readonly kind: "unary" }>;

/** Makes a call, and answers with its message or its error. */
export async function answerUnary(
  { method, impl }: UnarySpec,
  message: MessageShape<DescMessage>,
  { context, wire, gone }: Call,
  response: NodeResponse,
): Promise<void> {
  try {
    const answer = create(method.output, await impl(message, context));
    // As a gRPC client has it: what comes after the deadline comes too late.
    context.signal.throwIfAborted();
    const json = messageToJson(method.output, answer);
    if (await wire.mayWrite()) {
      setMetadataHeaders(response, context.responseHeader);
      answerJson(response, json);
    }
  } catch (reason) {
    if ((await wire.mayWrite()) && !gone.aborted) {
      const error = shownError(reason);
      setMetadataHeaders(response, context.responseHeader);
      setMetadataHeaders(response, error.metadata);
      answerError(response, error);
    }
  }
}
