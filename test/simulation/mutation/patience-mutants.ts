import type * as Patience from "../../../src/call/patience.js";
import type * as Simulate from "../simulate.js";
import type * as VirtualTime from "../world/virtual-time.js";
import { mutant } from "./mutant.js";

export const hasOneBudgetForLife = mutant<typeof Patience>(
  "../../../src/call/patience.js",
  (original) => ({
    Patience: class extends original.Patience {
      override progress() {}
    },
  }),
);

export const keepsListeners = mutant<typeof Simulate>("../simulate.js", (original) => ({
  simulate: async (seed) => {
    const { removeEventListener } = EventTarget.prototype;
    EventTarget.prototype.removeEventListener = () => undefined;
    try {
      return await original.simulate(seed);
    } finally {
      EventTarget.prototype.removeEventListener = removeEventListener;
    }
  },
}));

export const keepsTimers = mutant<typeof VirtualTime>("../world/virtual-time.js", (original) => ({
  VirtualTime: class extends original.VirtualTime {
    override install(nextRandom: () => number) {
      const uninstall = super.install(nextRandom);
      globalThis.clearTimeout = () => undefined;
      return uninstall;
    }
  },
}));
