import { Code, ConnectError } from "@connectrpc/connect";
import type { Process as ProcessMessage } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { Process } from "../model/process.js";
import { processFromMessage } from "../model/process-message.js";

/** Reads the process that every answer of `method` must hold. */
export function processOf(
  method: string,
  answer: { readonly process?: ProcessMessage | undefined },
): Process {
  if (!answer.process) {
    throw new ConnectError(`the server answered ${method} without a process`, Code.Internal);
  }
  return processFromMessage(answer.process);
}
