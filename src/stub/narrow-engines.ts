import type { Engines } from "./engine/engines.js";
import type { SandboxEngine } from "./engine/sandbox-engine.js";
import type { StubEngine, StubEngines } from "./stub-engines.js";

/** The engines as a stub shows them: without what its service and its close() need of them. */
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
