import { type ContextKey, createContextKey } from "@connectrpc/connect";
import type { Http2ErrorCode } from "../../model/http2-error-codes.js";
import type { GoawayFault, HttpFault } from "./stub-faults.js";

/** What faults can do to the connection, stream and response of one call. */
export interface CallWire {
  /** Resets the connection, once all output was delivered that was sent before. */
  reset(signal: AbortSignal): Promise<void>;
  /** Closes the connection, once all output was delivered that was sent before. */
  close(signal: AbortSignal): Promise<void>;
  /** Resets the call's stream, once all output was delivered that was sent before. */
  resetStream(code: Http2ErrorCode, signal: AbortSignal): Promise<void>;
  /** Tells the connection's end, once all output was delivered that was sent before. */
  goaway(fault: GoawayFault, signal: AbortSignal): Promise<void>;
  /** Answers in the server's place. */
  answer(fault: HttpFault): void;
  /** Leaves the status out when the response ends. */
  omitTrailers(): void;
  /** Silences the connection, once all output was delivered that was sent before; tells how to undo it. */
  silence(signal: AbortSignal): Promise<() => void>;
}

/** Where a handler finds the network that its call came over; undefined in memory. */
export const callWireKey: ContextKey<CallWire | undefined> = createContextKey<CallWire | undefined>(
  undefined,
  { description: "what carries the call" },
);
