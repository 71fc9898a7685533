/** What an iterator takes its items from. */
export interface PullSource<T> {
  /** The next item that is there; undefined where there is none. */
  take(): T | undefined;
  /**
   * Waits until there may be another item to take.
   *
   * @returns false at the end.
   */
  more(): Promise<boolean>;
  /**
   * Lets go of everything at once, with a `more` that is pending too: it is to reject with `why`, or
   * return false. Is called once, however the iteration ends.
   */
  close(why: () => unknown): void;
}

const DONE = { done: true, value: undefined } as const;

type Result<T> = IteratorResult<T, void>;

/**
 * An iterator over what is pulled from a source. It is written by hand because of `return()` and
 * `throw()`: those of an async generator wait for a `next()` that is pending, so that a reader could
 * not leave a silent stream. And an item that is there costs one promise.
 */
export class Pull<T> implements AsyncIterableIterator<T, void, undefined>, AsyncDisposable {
  readonly #source: PullSource<T>;
  // The last next() that waits, and how many do.
  #pending: Promise<unknown> | undefined;
  #waiting = 0;
  #isDone = false;

  constructor(source: PullSource<T>) {
    this.#source = source;
  }

  /** Whether it has ended, or was left. */
  get isDone(): boolean {
    return this.#isDone;
  }

  next(): Promise<Result<T>> {
    const before = this.#pending;
    if (before !== undefined) {
      return this.#hold(this.#after(before));
    }
    let ready: Result<T> | undefined;
    try {
      ready = this.#ready();
    } catch (error) {
      this.#close();
      return Promise.reject(error);
    }
    return ready ? Promise.resolve(ready) : this.#hold(this.#wait());
  }

  return(): Promise<Result<T>> {
    this.#close();
    return Promise.resolve(DONE);
  }

  throw(error: unknown): Promise<Result<T>> {
    this.#close();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  /** Ends it: a `next()` that is pending is done, too. */
  #close(): void {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#source.close(leave);
    }
  }

  #hold(result: Promise<Result<T>>): Promise<Result<T>> {
    this.#pending = result;
    return result;
  }

  /** What can be told without waiting. */
  #ready(): Result<T> | undefined {
    if (this.#isDone) {
      return DONE;
    }
    const value = this.#source.take();
    return value === undefined ? undefined : { done: false, value };
  }

  // One after another, as those of a generator.
  async #after(before: Promise<unknown>): Promise<Result<T>> {
    this.#waiting += 1;
    await before.catch(leave);
    this.#waiting -= 1;
    const ready = this.#ready();
    if (ready === undefined) {
      return await this.#wait();
    }
    this.#clear();
    return ready;
  }

  async #wait(): Promise<Result<T>> {
    try {
      while (await this.#source.more()) {
        const ready = this.#ready();
        if (ready) {
          return ready;
        }
      }
    } catch (error) {
      if (!this.#isDone) {
        this.#close();
        throw error;
      }
    } finally {
      this.#clear();
    }
    this.#close();
    return DONE;
  }

  #clear(): void {
    if (this.#waiting === 0) {
      this.#pending = undefined;
    }
  }
}

/** The reason of a reader who has left; nobody sees it. */
function leave(): unknown {
  return new Error("the reader has left");
}
