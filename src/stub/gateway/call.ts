import {
  Code,
  ConnectError,
  createContextValues,
  createHandlerContext,
  type MethodImplSpec,
} from "@connectrpc/connect";
import { callWireKey } from "../faults/call-wire.js";
import type { NodeCallWire } from "../faults/network/node-call-wire.js";
import { MAX_TIMER_MS, readGrpcTimeout } from "../grpc/grpc-timeout.js";
import type { NodeRequest, NodeResponse } from "../server/node-handler.js";
import { callHeaders } from "./metadata.js";

// More than gRPC's own eight: what grpc-gateway takes.
const TIMEOUT_DIGITS = 19;

/** A call of the service, for a request. */
export interface Call {
  /** What the service is told besides the message. Its `abort` ends the call. */
  readonly context: ReturnType<typeof createHandlerContext>;
  /** What faults can do to the call, and have done. */
  readonly wire: NodeCallWire;
  /** Aborts when the caller goes away. */
  readonly gone: AbortSignal;
}

/**
 * Reads from a request how the service is called for it.
 *
 * @throws ConnectError INVALID_ARGUMENT for a malformed `Grpc-Timeout`.
 */
export function readCall(
  { method }: MethodImplSpec,
  request: NodeRequest,
  response: NodeResponse,
  wire: NodeCallWire,
): Call {
  const timeoutMs = callTimeoutMs(request.headers["grpc-timeout"]);
  const gone = untilGone(response);
  const context = createHandlerContext({
    service: method.parent,
    method,
    protocolName: "rest",
    requestMethod: request.method ?? "",
    url: request.url ?? "",
    ...(timeoutMs !== undefined && { timeoutMs }),
    requestSignal: gone,
    requestHeader: callHeaders(request),
    contextValues: createContextValues().set(callWireKey, wire),
  });
  return { context, wire, gone };
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

/**
 * How long a call may take, in milliseconds, from its `Grpc-Timeout` header: `10S`, `500m`. Zero is
 * no limit, as for grpc-gateway, and so is what lies further ahead than a timer can run.
 *
 * @throws ConnectError INVALID_ARGUMENT where the header is none.
 */
function callTimeoutMs(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined || header === "") {
    return undefined;
  }
  const exact = readGrpcTimeout(String(header), TIMEOUT_DIGITS);
  if (exact === undefined) {
    throw new ConnectError(`invalid grpc-timeout: ${header}`, Code.InvalidArgument);
  }
  const timeoutMs = Math.ceil(exact);
  return timeoutMs === 0 || timeoutMs > MAX_TIMER_MS ? undefined : timeoutMs;
}
