import type { UniversalServerResponse } from "@connectrpc/connect/protocol";

import type { NodeCallWire } from "./node-call-wire.js";

// The flags of the last frame of a body, which carries the status.
const GRPC_WEB_TRAILER = 0x80;
const CONNECT_END_STREAM = 0x02;

const END: IteratorResult<Uint8Array> = { done: true, value: undefined };

/** A response that heeds the faults of its call. While there are none it costs next to nothing. */
export function shapeResponse(
  response: UniversalServerResponse,
  wire: NodeCallWire,
): UniversalServerResponse {
  const { body, trailer, header } = response;
  const statusFlag = statusFlagOf(header?.get("content-type") ?? "");
  const shaped = {
    ...response,
    ...(body !== undefined && { body: shapeBody(body, wire, statusFlag) }),
  };
  if (trailer === undefined) {
    return shaped;
  }
  return {
    ...shaped,
    // Asked for after the body only.
    get trailer() {
      return wire.omitsTrailers ? new Headers() : trailer;
    },
  };
}

function shapeBody(
  body: AsyncIterable<Uint8Array>,
  wire: NodeCallWire,
  statusFlag: number,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const source = body[Symbol.asyncIterator]();
      return {
        async next() {
          let item = await source.next();
          if (wire.audible !== undefined) {
            await wire.audible;
          }
          if (wire.isTaken) {
            throw new Error("an injected fault has dealt with the response");
          }
          if (wire.omitsTrailers && endsWithStatus(item, statusFlag)) {
            item = await source.next();
          }
          return item;
        },
        async throw(reason) {
          return (await source.throw?.(reason)) ?? END;
        },
        async return() {
          return (await source.return?.()) ?? END;
        },
      };
    },
  };
}

function statusFlagOf(contentType: string): number {
  if (contentType.startsWith("application/grpc-web")) {
    return GRPC_WEB_TRAILER;
  }
  return contentType.startsWith("application/connect+") ? CONNECT_END_STREAM : 0;
}

/** Whether an item is a whole frame, as the protocols make it, which carries the status. */
function endsWithStatus({ value }: IteratorResult<Uint8Array>, statusFlag: number): boolean {
  return value instanceof Uint8Array && ((value[0] ?? 0) & statusFlag) !== 0;
}
