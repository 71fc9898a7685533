import type { EngineState } from "./engine-state.js";

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
