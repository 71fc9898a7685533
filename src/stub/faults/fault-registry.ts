import type { HandlerContext } from "@connectrpc/connect";
import { checkFault } from "./fault-kinds.js";
import { FaultRule } from "./fault-rule.js";
import type { Links } from "./network/links.js";
import { StruckCall } from "./struck-call.js";
import {
  type Fault,
  type FaultMethod,
  type FaultTarget,
  type InjectedFault,
  PROCESS_METHODS,
  type StubFaults,
  type StubServerFaults,
} from "./stub-faults.js";

/** The faults of one stub, and the calls that they are for. */
export class FaultRegistry implements StubFaults {
  readonly #network: boolean;
  readonly #rules = new Set<FaultRule>();
  readonly #calls = new Map<FaultMethod, number>();

  /** With `network`, calls come over connections, which faults can strike too. */
  constructor({ network }: { network: boolean }) {
    this.#network = network;
  }

  add(fault: Fault & FaultTarget): InjectedFault {
    checkFault(fault, { network: this.#network });
    const rule = new FaultRule(fault);
    this.#rules.add(rule);
    const remove = () => {
      this.#rules.delete(rule);
      rule.removal.release();
    };
    return {
      get fired() {
        return rule.fired;
      },
      remove,
      [Symbol.dispose]: remove,
    };
  }

  clear(): void {
    const rules = [...this.#rules];
    this.#rules.clear();
    this.#calls.clear();
    for (const rule of rules) {
      rule.removal.release();
    }
  }

  calls(method: FaultMethod | "*"): number {
    if (method !== "*") {
      return this.#calls.get(method) ?? 0;
    }
    return PROCESS_METHODS.reduce((sum, each) => sum + this.calls(each), 0);
  }

  /** Takes note of a call that begins. Undefined where no fault is for it. */
  begin(
    method: FaultMethod,
    process: string | undefined,
    context: HandlerContext,
  ): StruckCall | undefined {
    this.#calls.set(method, this.calls(method) + 1);
    if (this.#rules.size === 0) {
      return undefined;
    }
    // Each of them counts the call, so that all have to be asked.
    const rules = [...this.#rules].filter((rule) => rule.takes(method, process));
    return rules.length === 0 ? undefined : new StruckCall(rules, context);
  }
}

/** The faults of a server. */
export class ServerFaults extends FaultRegistry implements StubServerFaults {
  readonly #links: Links;

  constructor(links: Links) {
    super({ network: true });
    this.#links = links;
  }

  closeConnections(how: "close" | "reset" = "close"): void {
    this.#links.end(how);
  }
}
