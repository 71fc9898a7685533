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
 */
export function requireEngineState(state: EngineState): void {
  if (!ENGINE_STATES.includes(state)) {
    throw new TypeError(
      `state ${JSON.stringify(state)} must be one of ${ENGINE_STATES.join(", ")}`,
    );
  }
}
