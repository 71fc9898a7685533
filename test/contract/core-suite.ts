import { describe } from "vitest";
import type { ContractTarget } from "./contract-target.js";
import { defineCreating } from "./suite/creating.js";
import { defineDeferredStart } from "./suite/deferred-start.js";

const AREAS = [defineCreating, defineDeferredStart];

/** Defines the tests that every way from a client to a server passes. */
export function defineCoreSuite(target: ContractTarget): void {
  describe(target.name, () => {
    for (const defineArea of AREAS) {
      defineArea(target);
    }
  });
}
