import type { Outcome } from "../operations/context.js";
import type { Schedule } from "../schedule.js";
import type { World } from "../world/world.js";

/** How a schedule went, as far as it can be seen from outside. */
export interface Run {
  readonly schedule: Schedule;
  readonly world: World;
  readonly outcome: Outcome;
  /** When the operation ended, and when the user aborted, in virtual milliseconds. */
  readonly endedAt: number;
  readonly abortedAt: number | undefined;
  readonly abortReason: unknown;
  /** The user's signal. */
  readonly signal: AbortSignal;
}
