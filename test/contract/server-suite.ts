import { describe } from "vitest";
import type { ServerContractTarget } from "./contract-target.js";
import { defineFullSuite } from "./full-suite.js";
import { defineOutages } from "./suite/outages.js";

/** Defines the tests of the whole contract, and those of a server that goes away and comes back. */
export function defineServerSuite(target: ServerContractTarget): void {
  defineFullSuite(target);
  describe(target.name, () => {
    defineOutages(target);
  });
}
