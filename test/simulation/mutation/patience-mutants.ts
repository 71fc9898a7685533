import type * as AbortListeners from "../../../src/async/abort-listeners.js";
import type * as Timer from "../../../src/async/timer.js";
import type * as RetryBudget from "../../../src/retry/retry-budget.js";
import { mutant } from "./mutant.js";

export const hasOneBudgetForLife = mutant<typeof RetryBudget>(
  "../../../src/retry/retry-budget.js",
  (original) => ({
    RetryBudget: class extends original.RetryBudget {
      override progress() {}
    },
  }),
);

export const keepsListeners = mutant<typeof AbortListeners>(
  "../../../src/retry/abort-listeners.js",
  (original) => ({
    onAbort: (signal, listener) => {
      original.onAbort(signal, listener);
      return () => undefined;
    },
  }),
);

export const keepsTimers = mutant<typeof Timer>("../../../src/retry/timer.js", (original) => ({
  startTimer: (delayMs, callback) => {
    original.startTimer(delayMs, callback);
    return () => undefined;
  },
}));
