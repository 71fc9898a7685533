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
  #lastGiven = false;

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
    this.#lastGiven = false;
  }

  /**
   * Counts a failure. A pause of ours that would reach past the end of the patience with an outage
   * is cut short, to a last attempt at that end.
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
    if (pushback && pushback.delayMs > this.#policy.maxOutageMs) {
      return undefined;
    }
    return this.#per === "attempts"
      ? this.#nextOfAttempts(pushback?.delayMs)
      : this.#nextInOutage(now, pushback?.delayMs);
  }

  #nextOfAttempts(pushbackMs: number | undefined): number | undefined {
    const covered = this.#failures < this.#policy.maxAttempts;
    return covered ? (pushbackMs ?? this.#backoffMs()) : undefined;
  }

  #nextInOutage(now: number, pushbackMs: number | undefined): number | undefined {
    const leftMs = this.#policy.maxOutageMs - (now - this.#outageBegan);
    // A timer may fire a little early: that the last attempt was given is no matter of the clock.
    if (this.#lastGiven || leftMs <= 0) {
      return undefined;
    }
    if (pushbackMs !== undefined) {
      return pushbackMs < leftMs ? pushbackMs : undefined;
    }
    const delayMs = this.#backoffMs();
    this.#lastGiven = delayMs >= leftMs;
    return Math.min(delayMs, leftMs);
  }

  #backoffMs(): number {
    return backoffMs(this.#policy, this.#failures);
  }
}

function pushbackOf(failure: Failure): Pushback | undefined {
  return "pushback" in failure ? failure.pushback : undefined;
}
