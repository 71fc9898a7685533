import type { HandlerContext } from "@connectrpc/connect";

import type { CallPoint } from "./fault-point.js";
import type { FaultRule } from "./fault-rule.js";
import { strike } from "./strike.js";

/** The faults of one call, each of which strikes once at its point. */
export class StruckCall {
  readonly context: HandlerContext;
  #due: readonly FaultRule[];

  constructor(rules: readonly FaultRule[], context: HandlerContext) {
    this.#due = rules;
    this.context = context;
  }

  /** Lets the faults strike that are due before or after the handling; see `strike`. */
  at(point: CallPoint): Promise<"go on" | "end"> {
    return this.#strike((rule) => rule.point === point);
  }

  /** Lets the faults strike that are due after so much output; see `strike`. */
  afterOutput(bytes: number, messages: number): Promise<"go on" | "end"> {
    return this.#strike(({ point }) => {
      if (typeof point === "string") return false;
      return "bytes" in point ? point.bytes <= bytes : point.messages <= messages;
    });
  }

  /** How many bytes may be sent until the next fault is due, after so many. */
  bytesToNext(bytes: number): number {
    const points = this.#due.flatMap(({ point }) =>
      typeof point === "object" && "bytes" in point ? point.bytes : [],
    );
    return Math.min(...points) - bytes;
  }

  async #strike(isDue: (rule: FaultRule) => boolean): Promise<"go on" | "end"> {
    const due = this.#due.filter(isDue);
    if (due.length === 0) return "go on";
    this.#due = this.#due.filter((rule) => !isDue(rule));
    for (const rule of due) {
      if (!rule.removal.released && (await strike(rule, this.context)) === "end") return "end";
    }
    return "go on";
  }
}
