import type { Clock } from "./clock.js";
import type { Runner } from "./runner/runner.js";
import type { Secrets } from "./secrets.js";
import type { Spool, SpoolOptions } from "./spool/spool.js";

/** What an engine takes from outside; a simulation brings its own. */
export interface EngineDependencies {
  readonly clock: Clock;
  /** A random UUID, in lower case. */
  randomId(): string;
  readonly runner: Runner;
  createSpool(options: SpoolOptions): Spool;
  readonly secrets: Secrets;
}
