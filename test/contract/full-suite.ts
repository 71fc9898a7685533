import { describe } from "vitest";
import type { FullContractTarget } from "./contract-target.js";
import { defineCoreSuite } from "./core-suite.js";
import { defineRefusedByServer } from "./suite/refused-by-server.js";

const AREAS = [defineRefusedByServer];

/** Defines the tests of the whole contract, its core included. */
export function defineFullSuite(target: FullContractTarget): void {
  defineCoreSuite(target);
  describe(target.name, () => {
    for (const defineArea of AREAS) {
      defineArea(target);
    }
  });
}
