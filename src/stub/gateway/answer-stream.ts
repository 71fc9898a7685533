import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { MethodImplSpec } from "@connectrpc/connect";
import type { NodeResponse } from "../server/node-handler.js";
import { startError, startJson } from "./answer.js";
import type { Call } from "./call.js";
import { shownError, statusOf } from "./error-status.js";
import { messageToJson } from "./message-to-json.js";
import { setMetadataHeaders } from "./response-headers.js";
import { writeThrough } from "./write-through.js";

/** A method that answers one message with any number. */
export type StreamSpec = Extract<MethodImplSpec, { readonly kind: "server_streaming" }>;

/**
 * Makes a call, and answers with its messages, one line of JSON each: `{"result": …}`. An error is
 * the last line, `{"error": …}`. Before the first message nothing is sent, so that an error has its
 * HTTP status.
 */
export async function answerStream(
  { method, impl }: StreamSpec,
  message: MessageShape<DescMessage>,
  { context, wire, gone }: Call,
  response: NodeResponse,
): Promise<void> {
  const start = () => {
    if (!response.headersSent) {
      setMetadataHeaders(response, context.responseHeader);
      startJson(response, 200);
    }
  };
  try {
    for await (const item of impl(message, context)) {
      const result = messageToJson(method.output, create(method.output, item));
      if (!(await wire.mayWrite())) {
        return;
      }
      start();
      await writeThrough(response, `${JSON.stringify({ result })}\n`, context.signal);
    }
    // A service may end its messages at the deadline, which is no end of the output.
    context.signal.throwIfAborted();
    if (await wire.mayWrite()) {
      start();
      response.end();
    }
  } catch (reason) {
    if (!(await wire.mayWrite()) || gone.aborted) {
      return;
    }
    if (response.headersSent && wire.omitsTrailers) {
      response.end();
      return;
    }
    const error = shownError(reason);
    if (!response.headersSent) {
      setMetadataHeaders(response, context.responseHeader);
      setMetadataHeaders(response, error.metadata);
      startError(response, error);
    }
    response.end(`${JSON.stringify({ error: statusOf(error) })}\n`);
  }
}
