import { optional, requireString } from "../../rules/values.js";
import type { RulesOf } from "../check-options.js";

/** How to create an engine. */
export interface CreateEngineOptions {
  /**
   * The state that the engine is created in.
   *
   * @default "STATE_RUNNING"
   */
  readonly state?: EngineState;
  /**
   * The subject that creates it. To all others it does not exist.
   *
   * @default the first user
   */
  readonly creator?: string;
  /**
   * An existing directory that working directories are rooted at; it is never removed. It isolates
   * nothing: a process sees the whole filesystem.
   *
   * @default a new temporary directory, removed with the engine
   */
  readonly rootDirectory?: string;
}

/** The states of a SandboxEngine, by AIEM's names. Only `STATE_RUNNING` accepts calls. */
export type EngineState = (typeof ENGINE_STATES)[number];

const ENGINE_STATES = [
  "STATE_STARTING",
  "STATE_RUNNING",
  "STATE_TERMINATING",
  "STATE_TERMINATED",
  "STATE_FAILED",
  "STATE_DELETING",
] as const;

/**
 * Refuses what is no state. An engine that entered one would end its processes, since only
 * `STATE_RUNNING` keeps them.
 *
 * @throws {TypeError} naming the states that there are.
 *
 * @internal
 */
export function requireEngineState(name: string, state: unknown): asserts state is EngineState {
  if (!ENGINE_STATES.some((known) => known === state)) {
    throw new TypeError(
      `${name}: ${JSON.stringify(state)} must be one of ${ENGINE_STATES.join(", ")}`,
    );
  }
}

/**
 * The rules of CreateEngineOptions. Whether the root directory exists is checked where it is used.
 *
 * @internal
 */
export const ENGINE_OPTION_RULES: RulesOf<CreateEngineOptions> = {
  state: optional(requireEngineState),
  creator: optional(requireString),
  rootDirectory: optional(requireString),
};
