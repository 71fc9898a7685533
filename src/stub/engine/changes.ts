import { waitFor } from "../../async/wait-for.js";

/**
 * Tells any number of waiters that something changed. A waiter names the version it has seen, so
 * that a change between its look and its wait is not missed.
 */
export class Changes {
  #version = 0;
  readonly #waiters = new Set<() => void>();

  /** How many changes were announced. */
  get version(): number {
    return this.#version;
  }

  /** Wakes every waiter. */
  announce(): void {
    this.#version += 1;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) {
      wake();
    }
  }

  /** Resolves at the first change after `version`; rejects with the signal's reason. */
  after(version: number, signal: AbortSignal): Promise<void> {
    if (this.#version !== version && !signal.aborted) {
      return Promise.resolve();
    }
    return waitFor((wake) => {
      this.#waiters.add(wake);
      return () => this.#waiters.delete(wake);
    }, signal);
  }
}
