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
    if (signal.aborted) {
      return Promise.reject(signal.reason);
    }
    if (this.#version !== version) {
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiters.delete(wake);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}
