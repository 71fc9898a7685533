/** The states of a SandboxEngine, by AIEM's names. Only `STATE_RUNNING` accepts calls. */
export type EngineState =
  | "STATE_STARTING"
  | "STATE_RUNNING"
  | "STATE_TERMINATING"
  | "STATE_TERMINATED"
  | "STATE_FAILED"
  | "STATE_DELETING";
