import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { type CallWire, callWireKey } from "./call-wire.js";
import type { FaultRule } from "./fault-rule.js";
import { untilReleased } from "./release.js";
import type { StatusFault } from "./stub-faults.js";

/**
 * Lets a fault strike a call. What it returns is how the call goes on: as if nothing was, or to its
 * end at once.
 *
 * @throws what the call fails with; where the response is taken out of its hands, nobody hears it.
 */
export async function strike(rule: FaultRule, context: HandlerContext): Promise<"go on" | "end"> {
  const { fault, removal: release } = rule;
  const { signal } = context;
  rule.fired += 1;
  switch (fault.fault) {
    case "status":
      throw statusOf(fault);
    case "delay":
      await untilReleased({ release, signal, ms: fault.ms });
      return "go on";
    case "hang":
      await untilReleased({ release, signal });
      return "go on";
    case "drop":
      await context.values.get(callWireKey)?.reset(signal);
      throw lost();
    case "end":
      return "end";
    case "reset":
      await wireOf(context).reset(signal);
      throw lost();
    case "close":
      await wireOf(context).close(signal);
      throw lost();
    case "rst-stream":
      await wireOf(context).resetStream(fault.code ?? "INTERNAL_ERROR", signal);
      throw lost();
    case "goaway":
      await wireOf(context).goaway(fault, signal);
      if (fault.processed !== false) {
        return "go on";
      }
      throw lost();
    case "no-trailers":
      wireOf(context).omitTrailers();
      return "end";
    case "blackhole": {
      const undo = await wireOf(context).silence(signal);
      // Not only while this call waits: the connection stays silent after the call's deadline.
      release.onRelease(undo);
      await untilReleased({ release, signal });
      return "go on";
    }
    case "http":
      wireOf(context).answer(fault);
      throw lost();
  }
}

function statusOf({ code, message, metadata, details }: StatusFault): ConnectError {
  // A new one for each call: on its way out, protocols add to its metadata.
  return new ConnectError(message ?? "an injected fault", code, metadata, [...(details ?? [])]);
}

function wireOf(context: HandlerContext): CallWire {
  const wire = context.values.get(callWireKey);
  if (wire === undefined) {
    throw new ConnectError("an injected fault needs a connection, and has none", Code.Internal);
  }
  return wire;
}

function lost(): ConnectError {
  return new ConnectError("the response was lost to an injected fault", Code.Unavailable);
}
