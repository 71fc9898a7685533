import { Changes } from "../engine/changes.js";

/** Whether a server takes calls, or is about to stop. */
export class ServingState {
  #isServing = true;
  readonly #changes = new Changes();

  get isServing(): boolean {
    return this.#isServing;
  }

  /** Tells everybody who waits for a change, unless there is none. */
  set(isServing: boolean): void {
    if (isServing !== this.#isServing) {
      this.#isServing = isServing;
      this.#changes.announce();
    }
  }

  /** The state at each change, first as it is now. Ends by throwing the signal's reason. */
  async *follow(signal: AbortSignal): AsyncGenerator<boolean> {
    for (;;) {
      const { version } = this.#changes;
      yield this.#isServing;
      await this.#changes.after(version, signal);
    }
  }
}
