/**
 * Lets go, once for all, of whatever waits for it. An AbortSignal would do, but warns of a leak when
 * more than ten calls wait.
 */
export class Release {
  readonly #waiting = new Set<() => void>();
  #released = false;

  get released(): boolean {
    return this.#released;
  }

  /** Calls this when released: at once, if that was before. Returns how to take it back. */
  onRelease(listener: () => void): () => void {
    if (this.#released) {
      listener();
    } else {
      this.#waiting.add(listener);
    }
    return () => this.#waiting.delete(listener);
  }

  /** Further calls do nothing. */
  release(): void {
    this.#released = true;
    for (const listener of this.#waiting) {
      this.#waiting.delete(listener);
      listener();
    }
  }
}
