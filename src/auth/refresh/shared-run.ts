import { onAbort } from "../../async/abort-listeners.js";

interface Run<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}

/**
 * Work that is done once for all who ask while it runs. One who gives up leaves the others their
 * result; when all have, the work is cancelled.
 */
export class SharedRun<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #run: Run<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** Waits for the work, which begins if it does not run; rejects as soon as the signal aborts. */
  join(signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const run = this.#run ?? this.#start();
      run.waiting += 1;
      const stopListening = onAbort(signal, () => {
        reject(signal.reason);
        this.#leave(run, signal.reason);
      });
      run.result.then(resolve, reject).finally(stopListening);
    });
  }

  #start(): Run<T> {
    const controller = new AbortController();
    const run: Run<T> = { controller, waiting: 0, result: this.#work(controller.signal) };
    this.#run = run;
    const forget = () => this.#forget(run);
    run.result.then(forget, forget);
    return run;
  }

  #leave(run: Run<T>, reason: unknown): void {
    run.waiting -= 1;
    if (run.waiting === 0) {
      // At once, so that nobody joins what is being cancelled.
      this.#forget(run);
      run.controller.abort(reason);
    }
  }

  #forget(run: Run<T>): void {
    if (this.#run === run) {
      this.#run = undefined;
    }
  }
}
