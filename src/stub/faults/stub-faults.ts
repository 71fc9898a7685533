import type { CallFault } from "./call-faults.js";
import type { FaultMethod, FaultTarget } from "./fault-target.js";
import type { NetworkFault } from "./network-faults.js";

/** What can go wrong with a call. */
export type Fault = CallFault | NetworkFault;

/** A fault that was added. */
export interface InjectedFault extends Disposable {
  /** How often it has struck. */
  readonly fired: number;
  /**
   * Removes it, whether it has struck or not. What it holds up goes on: a delay, a hanging call, a
   * blackholed connection. Further calls do nothing.
   */
  remove(): void;
}

/**
 * Faults to inject into calls, to see what a client makes of them. Nothing happens at random: a
 * fault strikes at a call and a point that were asked for.
 */
export interface StubFaults<F extends Fault = Fault> {
  /**
   * Adds a fault to calls that begin from now on. Of several faults of one call, those at the same
   * point strike in the order in which they were added.
   *
   * @throws TypeError for a fault that cannot be: an unknown method or kind, a point that the method
   * does not have, a value out of its range, and in memory a fault that needs a connection.
   */
  add(fault: F & FaultTarget): InjectedFault;
  /** Removes all faults, see InjectedFault, and counts calls from 0 again. */
  clear(): void;
  /**
   * How many calls of a method have arrived, whatever became of them: `"*"` of all methods together.
   * A call counts when its request was read, before it is authenticated.
   */
  calls(method: FaultMethod | "*"): number;
}

/** Faults to inject into a server. */
export interface StubServerFaults extends StubFaults {
  /**
   * Ends all connections that are open, whatever runs on them, while the server goes on listening:
   * with a FIN, or with a RST.
   *
   * @param how @default "close"
   */
  closeConnections(how?: "close" | "reset"): void;
}
