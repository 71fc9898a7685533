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
