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

/** @throws {TypeError} on what is no state: any but RUNNING ends an engine's processes. */
export function requireEngineState(state: EngineState): void {
  if (!ENGINE_STATES.includes(state)) {
    throw new TypeError(
      `state ${JSON.stringify(state)} must be one of ${ENGINE_STATES.join(", ")}`,
    );
  }
}
