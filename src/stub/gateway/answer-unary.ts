import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { messageToJson } from "../../http-rules/json/message-to-json.js";
import type { NodeResponse } from "../server/node-handler.js";
import { answerError, answerJson } from "./answer.js";
import type { Call } from "./call.js";
import { setMetadataHeaders } from "./response-headers.js";
import { unsetAsNull } from "./unset-as-null.js";

/** Makes a call, and answers with its message or its error. */
export async function answerUnary(
  rpc: DescMethodUnary,
  message: MessageShape<DescMessage>,
  { transport, signal, timeoutMs, headers }: Call,
  response: NodeResponse,
): Promise<void> {
  try {
    const answer = await transport.unary(rpc, signal, timeoutMs, headers, message);
    setMetadataHeaders(response, answer.header);
    answerJson(response, unsetAsNull(rpc.output, messageToJson(rpc.output, answer.message)));
  } catch (reason) {
    if (!signal.aborted) {
      const error = ConnectError.from(reason, Code.Internal);
      setMetadataHeaders(response, error.metadata);
      answerError(response, error);
    }
  }
}
