import type { HandlerContext } from "@connectrpc/connect";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";

/** A StreamOutput that sends one chunk and then stays open until the client or server ends it. */
export async function* followForever(_: unknown, context: HandlerContext) {
  yield { stream: OutputStream.STDOUT, data: new TextEncoder().encode("x") };
  await new Promise<void>((resolve) => {
    context.signal.addEventListener("abort", () => resolve());
  });
}
