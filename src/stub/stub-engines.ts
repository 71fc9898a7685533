import type { CreateEngineOptions, EngineState } from "./engine/engine-options.js";
import type { Engines } from "./engine/engines.js";
import type { SandboxEngine } from "./engine/sandbox-engine.js";

/** A SandboxEngine of the stub. */
export interface StubEngine {
  /** `workspaces/{workspace}/sandboxEngines/{sandbox_engine}` */
  readonly name: string;
  /** The subject that created it. */
  readonly creator: string;
  /** Its state now. */
  readonly state: EngineState;
  /** The directory that working directories are rooted at. */
  readonly rootDirectory: string;
}

/**
 * The engines of a stub, from the side of those who run it: no tokens, no checks of the creator.
 * The contract has no RPCs for this.
 */
export interface StubEngines {
  /**
   * Creates an engine.
   *
   * @throws TypeError for another name than
   * `workspaces/{workspace}/sandboxEngines/{sandbox_engine}`, for one that is taken, for what is no
   * state, for a root directory that does not exist, and after the stub was closed.
   */
  create(name: string, options?: CreateEngineOptions): StubEngine;
  /** The engine with this name; undefined if there is none. */
  get(name: string): StubEngine | undefined;
  /**
   * Puts an engine into a state. One that leaves RUNNING ends its processes, and answers every call
   * FAILED_PRECONDITION until it is RUNNING again.
   *
   * @returns when its processes have ended
   * @throws ConnectError NOT_FOUND where there is no such engine; TypeError for what is no state;
   * Error, naming the sessions, where the machine does not let them be killed.
   */
  setState(name: string, state: EngineState): Promise<void>;
  /**
   * Removes an engine, its processes and their output.
   *
   * @returns when nothing of it is left
   * @throws ConnectError NOT_FOUND where there is no such engine; Error, naming the sessions,
   * where the machine does not let them be killed. The engine is gone nevertheless.
   */
  delete(name: string): Promise<void>;
}

/**
 * The engines as a stub shows them: without what its service and its close() need of them.
 *
 * @internal
 */
export function narrowEngines(engines: Engines): StubEngines {
  return {
    create: (name, options) => narrowEngine(engines.create(name, options)),
    get(name) {
      const engine = engines.get(name);
      return engine && narrowEngine(engine);
    },
    setState: (name, state) => engines.setState(name, state),
    delete: (name) => engines.delete(name),
  };
}

function narrowEngine(engine: SandboxEngine): StubEngine {
  const { name, creator, rootDirectory } = engine;
  return {
    name,
    creator,
    rootDirectory,
    get state() {
      return engine.state;
    },
  };
}
