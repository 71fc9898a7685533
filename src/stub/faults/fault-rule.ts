import { pointOf } from "./fault-kinds.js";
import { Release } from "./release.js";
import {
  type Fault,
  type FaultMethod,
  type FaultPoint,
  type FaultTarget,
  PROCESS_METHODS,
} from "./stub-faults.js";

const OF_PROCESSES: ReadonlySet<FaultMethod> = new Set(PROCESS_METHODS);

/** A fault, the calls that it is for, and what became of it. */
export class FaultRule {
  readonly fault: Fault;
  /** When it strikes, the default put in. */
  readonly point: FaultPoint;
  /** How often it has struck. */
  fired = 0;
  /** Released when the fault is removed. */
  readonly removal = new Release();
  readonly #target: FaultTarget;
  #matching = 0;

  constructor(rule: Fault & FaultTarget) {
    // A copy: what a caller does to an object afterwards must not change a fault.
    const copy = { ...rule };
    this.fault = copy;
    this.point = pointOf(copy);
    this.#target = copy;
  }

  /** Counts a call that begins, and tells whether it is one that the fault is for. */
  takes(method: FaultMethod, process: string | undefined): boolean {
    const target = this.#target;
    if (target.method === "*" ? !OF_PROCESSES.has(method) : target.method !== method) {
      return false;
    }
    if (target.process !== undefined && target.process !== process) {
      return false;
    }
    this.#matching += 1;
    return target.nth === "every" || this.#matching === (target.nth ?? 1);
  }
}
