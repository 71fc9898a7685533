import type { Failure } from "../errors/outcome.js";

/** How long failures that may pass are met with another attempt. */
export interface RetryOptions {
  /**
   * How many attempts a short call gets in all.
   * @default 4
   */
  readonly maxAttempts?: number | undefined;
  /**
   * How long following, waiting and polling go on without any progress, in milliseconds. Progress
   * renews it.
   * @default 120_000
   */
  readonly maxOutageMs?: number | undefined;
  /**
   * The longest pause before the second attempt, in milliseconds; it doubles with each further one.
   * @default 100
   */
  readonly baseDelayMs?: number | undefined;
  /**
   * The longest pause before any attempt, in milliseconds.
   * @default 5_000
   */
  readonly maxDelayMs?: number | undefined;
}

/** The options with their defaults. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly maxOutageMs: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

const DEFAULT_POLICY: RetryPolicy = {
  maxAttempts: 4,
  maxOutageMs: 120_000,
  baseDelayMs: 100,
  maxDelayMs: 5_000,
};

/** The policy of `retry: false`: one attempt, and no outage is sat out. */
const NO_RETRY: RetryPolicy = { ...DEFAULT_POLICY, maxAttempts: 1, maxOutageMs: 0 };

/** Completes the options. */
export function retryPolicy(options: RetryOptions | false | undefined): RetryPolicy {
  if (options === false) {
    return NO_RETRY;
  }
  return {
    maxAttempts: options?.maxAttempts ?? DEFAULT_POLICY.maxAttempts,
    maxOutageMs: options?.maxOutageMs ?? DEFAULT_POLICY.maxOutageMs,
    baseDelayMs: options?.baseDelayMs ?? DEFAULT_POLICY.baseDelayMs,
    maxDelayMs: options?.maxDelayMs ?? DEFAULT_POLICY.maxDelayMs,
  };
}

/**
 * The pause before another attempt, in milliseconds: full jitter over an interval that doubles with
 * each failure, so that clients that failed together do not come back together.
 *
 * @param failures how many attempts have failed in a row, from 1 up.
 * @param random from 0 up to, not including, 1.
 */
export function backoffMs(
  { baseDelayMs, maxDelayMs }: RetryPolicy,
  failures: number,
  random = Math.random(),
): number {
  return random * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}

/**
 * Whether a call that changes nothing may be sent again: whatever happened, unless the server has
 * given its word. A status with a delay is one that passes.
 */
export function mayRepeatRead({ kind, delay }: Failure): boolean {
  switch (kind) {
    case "refused":
    case "lost":
    case "unavailable":
    case "deadline":
      return true;
    case "status":
      return delay !== undefined && delay !== "never";
    case "local":
    case "unreadable":
      return false;
  }
}

/** Whether the call may have had its effect although no answer came, or none that can be read. */
export function mayHaveHadEffect({ kind }: Failure): boolean {
  switch (kind) {
    case "lost":
    case "unavailable":
    case "deadline":
    case "unreadable":
      return true;
    case "refused":
    case "status":
    case "local":
      return false;
  }
}

/**
 * What an outage may cost: a number of attempts for a short call, a length of time without progress
 * for one that lasts. It tells whether there may be another attempt; what may be sent again at all
 * is the call's matter.
 *
 * @internal
 */
export class Patience {
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

  /** Renews it: the call has got further. */
  progress(): void {
    this.#failures = 0;
    this.#lastGiven = false;
  }

  /**
   * Counts a failure. The pause is as long as the server asks for, and never shorter than ours; one
   * of ours that would reach past the end of the patience with an outage is cut short, to a last
   * attempt at that end.
   *
   * @returns the pause before the next attempt in milliseconds; undefined if there is none, because
   *   the patience is spent, or the server asks for more of it than there is.
   */
  nextDelayMs({ delay }: Failure): number | undefined {
    const now = performance.now();
    if (this.#failures === 0) {
      this.#outageBegan = now;
    }
    this.#failures += 1;
    if (delay === "never" || (delay && delay.ms > this.#policy.maxOutageMs)) {
      return undefined;
    }
    return this.#per === "attempts"
      ? this.#nextOfAttempts(delay?.ms)
      : this.#nextInOutage(now, delay?.ms);
  }

  #nextOfAttempts(askedMs: number | undefined): number | undefined {
    const covered = this.#failures < this.#policy.maxAttempts;
    return covered ? this.#pauseMs(askedMs) : undefined;
  }

  #nextInOutage(now: number, askedMs: number | undefined): number | undefined {
    const leftMs = this.#policy.maxOutageMs - (now - this.#outageBegan);
    // A timer may fire a little early, with some time left: there is one last attempt all the same.
    if (this.#lastGiven || leftMs <= 0) {
      return undefined;
    }
    if (askedMs !== undefined && askedMs >= leftMs) {
      return undefined;
    }
    const delayMs = this.#pauseMs(askedMs);
    this.#lastGiven = delayMs >= leftMs;
    return Math.min(delayMs, leftMs);
  }

  // A server that asks for none, or for a time that has passed, would be asked without any pause.
  #pauseMs(askedMs = 0): number {
    return Math.max(askedMs, backoffMs(this.#policy, this.#failures));
  }
}
