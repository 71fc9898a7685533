import type { ProcessClient } from "../../../src/index.js";
import type { ProcessResult } from "../../../src/model/captured-output.js";
import type { Process } from "../../../src/model/process.js";
import type { Random } from "../world/random.js";
import type { World } from "../world/world.js";

/** What an operation came to. */
export type Outcome =
  | { readonly kind: "followed" }
  | { readonly kind: "ran"; readonly result: ProcessResult }
  | { readonly kind: "process"; readonly process: Process }
  | { readonly kind: "failed"; readonly error: unknown };

/** What an operation works with. */
export interface Context {
  readonly world: World;
  readonly client: ProcessClient;
  readonly signal: AbortSignal;
  readonly random: Random;
}

export const SPEC = { command: "simulated", args: ["once"] };
