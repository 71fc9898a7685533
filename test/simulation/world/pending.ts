/** Counts what is under way. */
export class Pending {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts until the work is done. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  }
}
