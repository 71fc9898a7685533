import type { DescMethod } from "@bufbuild/protobuf";
import type { Limit } from "../async/limit.js";
import type { Trace } from "../diagnostics/channels.js";
import type { CallMessage, ServerInfo } from "../diagnostics/messages.js";
import { beginTrace, wasCancelled } from "./traced.js";

/** A call that is read in a loop. */
export interface LoopedCall {
  readonly method: DescMethod;
  readonly resource: string;
  /** The limit of the call; undefined while it has not begun. */
  limit(): Limit | undefined;
  /** Gets more of it. */
  more(): Promise<boolean>;
}

/**
 * A call that is read in a loop, as one to those who listen: it begins with the first `more`, whose
 * context it keeps, and ends with the loop, also where that is left.
 */
export class TracedLoop {
  readonly #caller: { readonly server: ServerInfo };
  readonly #call: LoopedCall;
  #trace: Trace<CallMessage> | undefined;
  #isBegun = false;

  constructor(caller: { readonly server: ServerInfo }, call: LoopedCall) {
    this.#caller = caller;
    this.#call = call;
  }

  /** What is told of the call; undefined where nobody listens. */
  get message(): CallMessage | undefined {
    return this.#trace?.message;
  }

  /** Gets more of the call, and ends it where there is none. @throws what that throws. */
  more(): Promise<boolean> {
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#trace = beginTrace(this.#caller, this.#call);
    }
    return this.#trace ? this.#tracedMore(this.#trace) : this.#call.more();
  }

  /** The loop is over; without effect where the call had ended. */
  close(): void {
    this.#trace?.end(undefined, true);
  }

  async #tracedMore(trace: Trace<CallMessage>): Promise<boolean> {
    try {
      const isMore = await trace.part(() => this.#call.more());
      if (!isMore) {
        trace.end();
      }
      return isMore;
    } catch (error) {
      const limit = this.#call.limit();
      const isCancelled = limit !== undefined && wasCancelled(limit);
      trace.end(isCancelled ? undefined : error, isCancelled);
      throw error;
    }
  }
}
