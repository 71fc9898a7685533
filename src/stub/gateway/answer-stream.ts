import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { messageToJson } from "../../http-rules/json/message-to-json.js";
import type { NodeResponse } from "../server/node-handler.js";
import { startError, startJson } from "./answer.js";
import type { Call } from "./call.js";
import { statusOf } from "./error-status.js";
import { setMetadataHeaders } from "./response-headers.js";
import { unsetAsNull } from "./unset-as-null.js";
import { writeThrough } from "./write-through.js";

/**
 * Makes a call, and answers with its messages, one line of JSON each: `{"result": …}`. An error is
 * the last line, `{"error": …}`. Before the first message nothing is sent, so that an error has its
 * HTTP status.
 */
export async function answerStream(
  rpc: DescMethodServerStreaming,
  message: MessageShape<DescMessage>,
  { transport, signal, timeoutMs, headers }: Call,
  response: NodeResponse,
): Promise<void> {
  try {
    const answer = await transport.stream(rpc, signal, timeoutMs, headers, only(message));
    setMetadataHeaders(response, answer.header);
    startJson(response, 200);
    for await (const item of answer.message) {
      const result = unsetAsNull(rpc.output, messageToJson(rpc.output, item));
      await writeThrough(response, `${JSON.stringify({ result })}\n`, signal);
    }
    response.end();
  } catch (reason) {
    if (!signal.aborted) {
      const error = ConnectError.from(reason, Code.Internal);
      if (!response.headersSent) {
        setMetadataHeaders(response, error.metadata);
        startError(response, error);
      }
      response.end(`${JSON.stringify({ error: statusOf(error) })}\n`);
    }
  }
}

async function* only<T>(item: T): AsyncGenerator<T> {
  yield item;
}
