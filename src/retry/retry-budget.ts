import type { Failure, Pushback } from "../errors/failure.js";
import { backoffMs } from "./backoff.js";
import type { RetryPolicy } from "./retry-options.js";

/**
 * What is left of the patience with one operation: a number of attempts for a short call, a length
 * of time without progress for one that lasts. It tells whether there may be another attempt; what
 * may be sent again at all is the operation's matter.
 */
export class RetryBudget {
  readonly #policy: RetryPolicy;
  readonly #per: "attempts" | "outage";
  #failures = 0;
  #outageBegan = 0;

  constructor(policy: RetryPolicy, per: "attempts" | "outage") {
    this.#policy = policy;
    this.#per = per;
  }

  /** How many attempts in a row have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** Renews the budget: the operation has got further. */
  progress(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure.
   *
   * @returns the pause before the next attempt in milliseconds; undefined if there is none, because
   *   the budget is spent, or the server asks for more patience than there is.
   */
  nextDelayMs(failure: Failure): number | undefined {
    const now = performance.now();
    if (this.#failures === 0) {
      this.#outageBegan = now;
    }
    this.#failures += 1;
    const pushback = pushbackOf(failure);
    if (pushback === "never") {
      return undefined;
    }
    const { maxAttempts, maxOutageMs } = this.#policy;
    if (pushback && pushback.delayMs > maxOutageMs) {
      return undefined;
    }
    const delayMs = pushback?.delayMs ?? backoffMs(this.#policy, this.#failures);
    const covered =
      this.#per === "attempts"
        ? this.#failures < maxAttempts
        : now - this.#outageBegan + delayMs < maxOutageMs;
    return covered ? delayMs : undefined;
  }
}

function pushbackOf(failure: Failure): Pushback | undefined {
  return "pushback" in failure ? failure.pushback : undefined;
}
