import type { Clock } from "../clock.js";

/** Runs a callback once, when it has been running for long enough; pauses do not count. */
export class PausableTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #remainingMs: number;
  #startedAt = 0;
  #cancel: (() => void) | undefined;

  /** It does not run yet. */
  constructor(clock: Clock, ms: number, callback: () => void) {
    this.#clock = clock;
    this.#remainingMs = ms;
    this.#callback = callback;
  }

  /** Runs, or runs on. */
  start(): void {
    if (this.#cancel !== undefined) return;
    this.#startedAt = this.#clock.now();
    this.#cancel = this.#clock.schedule(this.#remainingMs, this.#callback);
  }

  /** Stops until `start()`. */
  pause(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    // A machine's clock that is set back must not lengthen it.
    const elapsed = Math.max(0, this.#clock.now() - this.#startedAt);
    this.#remainingMs = Math.max(0, this.#remainingMs - elapsed);
  }
}
