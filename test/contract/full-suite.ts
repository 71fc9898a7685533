import { describe } from "vitest";
import type { FullContractTarget } from "./contract-target.js";
import { defineCoreSuite } from "./core-suite.js";
import { defineAborts } from "./suite/aborts.js";
import { defineEngineStates } from "./suite/engine-states.js";
import { defineEnvironment } from "./suite/environment.js";
import { defineExecution } from "./suite/execution.js";
import { defineRefusedByServer } from "./suite/refused-by-server.js";
import { defineStreamOpening } from "./suite/stream-opening.js";

const AREAS = [
  defineRefusedByServer,
  defineEngineStates,
  defineEnvironment,
  defineExecution,
  defineAborts,
  defineStreamOpening,
];

/** Defines the tests of the whole contract, its core included. */
export function defineFullSuite(target: FullContractTarget): void {
  defineCoreSuite(target);
  describe(target.name, () => {
    for (const defineArea of AREAS) {
      defineArea(target);
    }
  });
}
