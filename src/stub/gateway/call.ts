import { Code, ConnectError, type Transport } from "@connectrpc/connect";

import type { NodeRequest, NodeResponse } from "../server/node-handler.js";
import { callHeaders } from "./call-headers.js";
import { callTimeoutMs } from "./call-timeout.js";

/** How a call is made, besides its message. */
export interface Call {
  readonly transport: Transport;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
  readonly headers: Headers;
}

/**
 * Reads from a request how its call is made.
 *
 * @throws ConnectError INVALID_ARGUMENT for a malformed `Grpc-Timeout`.
 */
export function readCall(transport: Transport, request: NodeRequest, response: NodeResponse): Call {
  return {
    transport,
    signal: untilGone(response),
    timeoutMs: callTimeoutMs(request.headers["grpc-timeout"]),
    headers: callHeaders(request),
  };
}

function untilGone(response: NodeResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableEnded) {
      controller.abort(new ConnectError("the caller went away", Code.Canceled));
    }
  });
  return controller.signal;
}
