import type { Writable } from "node:stream";
import type { Limit } from "../async/limit.js";
import { startTimer } from "../async/timer.js";

// A `write` that somebody put in the place of the Writable's own, as test runners do, may drop its
// callback, and a Writable may be destroyed without an event: then only a look tells. One that is
// merely slow is looked at ever more seldom.
const FIRST_LOOK_MS = 50;
const MOST_LOOK_MS = 5_000;

/**
 * Writes to a Writable that belongs to somebody else: waits while it is full, tells its errors, and
 * never ends it.
 */
export class WritableSink {
  readonly #writable: Writable;
  readonly #onFailure: (why: () => unknown) => void;
  readonly #unwatch: () => void;
  #pendingWrites = 0;
  #isFull = false;
  // Ends a wait, which then looks whether it is over.
  #wake: (() => void) | undefined;

  /**
   * @param onFailure called as soon as the Writable fails, is ended or is closed, being written to
   *   or not, with what makes the reason.
   */
  constructor(writable: Writable, onFailure: (why: () => unknown) => void) {
    this.#writable = writable;
    this.#onFailure = onFailure;
    this.#unwatch = watchWritable(writable, {
      failed: onFailure,
      drained: () => {
        this.#isFull = false;
        this.#wake?.();
      },
    });
    this.#takesMore("before");
  }

  /**
   * Writes; what it returns, if anything, resolves when the Writable can take more.
   *
   * @throws the reason of the limit if that has ended.
   */
  write(data: Uint8Array, limit: Limit): Promise<void> | undefined {
    limit.throwIfEnded();
    if (!this.#takesMore("before the output ended")) {
      limit.throwIfEnded();
    }
    this.#pendingWrites += 1;
    this.#isFull = false;
    const ready: unknown = this.#writable.write(data, (error) => {
      this.#pendingWrites -= 1;
      if (error) {
        this.#onFailure(() => error);
      }
      this.#wake?.();
    });
    // What is undefined, as of a function that took the place of `write`, is not full.
    if (ready !== false) {
      return undefined;
    }
    this.#isFull = true;
    return this.#until(limit, () => !this.#isFull);
  }

  /** Resolves when everything was handed to what is behind the Writable. */
  async flush(limit: Limit): Promise<void> {
    await this.#until(limit, () => this.#isFlushed);
    limit.throwIfEnded();
  }

  /** Takes the listeners off. */
  release(): void {
    this.#unwatch();
  }

  // Others may write to it as well, so that it need never be empty.
  get #isFlushed(): boolean {
    const waiting: number | undefined = this.#writable.writableLength;
    return this.#pendingWrites === 0 || waiting === 0 || waiting === undefined;
  }

  /** Whether it can be written to; if not, that is told. */
  #takesMore(when: string): boolean {
    const { destroyed, writableEnded, errored } = this.#writable;
    if (destroyed || writableEnded) {
      this.#onFailure(() => errored ?? takesNoMore(destroyed ? "closed" : "ended", when));
      return false;
    }
    return true;
  }

  async #until(limit: Limit, isOver: () => boolean): Promise<void> {
    for (let lookMs = FIRST_LOOK_MS; !isOver(); lookMs = Math.min(2 * lookMs, MOST_LOOK_MS)) {
      await new Promise<void>((resolve) => {
        const stopTimer = startTimer(lookMs, resolve);
        const stop = limit.onEnd(resolve);
        this.#wake = () => {
          stopTimer();
          stop();
          resolve();
        };
      });
      this.#wake?.();
      this.#wake = undefined;
      limit.throwIfEnded();
      if (!this.#takesMore("before the output ended")) {
        limit.throwIfEnded();
      }
    }
  }
}

function takesNoMore(how: string, when: string): Error {
  return new Error(`the Writable takes no more: it was ${how} ${when}`);
}

/** Those who want to know what becomes of a Writable. */
interface WritableWatcher {
  /** It has failed, or was ended or closed: nothing more can be written. */
  failed(why: () => unknown): void;
  /** It can take more. */
  drained(): void;
}

// One Writable, such as process.stdout, often takes the output of many processes at once; Node
// warns of a leak beyond ten listeners. So each Writable gets one listener an event of ours.
const watchersByWritable = new WeakMap<Writable, Set<WritableWatcher>>();

/**
 * Tells `watcher` of a Writable's events.
 *
 * @returns a function that ends that; after the last one nothing of ours stays on the Writable.
 */
function watchWritable(writable: Writable, watcher: WritableWatcher): () => void {
  const watchers = watchersByWritable.get(writable) ?? listen(writable);
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      unlisten.get(watchers)?.();
    }
  };
}

const unlisten = new WeakMap<Set<WritableWatcher>, () => void>();

function listen(writable: Writable): Set<WritableWatcher> {
  const watchers = new Set<WritableWatcher>();
  // The reason is made where it is thrown: an error that is made here shows nobody's frames.
  const tell = (why: () => unknown) => {
    for (const watcher of [...watchers]) {
      watcher.failed(why);
    }
  };
  const fail = (reason: unknown) => tell(() => reason);
  const close = () => tell(() => takesNoMore("closed", "before the output ended"));
  const finish = () => tell(() => takesNoMore("ended", "before the output ended"));
  const drain = () => {
    for (const watcher of [...watchers]) {
      watcher.drained();
    }
  };
  writable.on("error", fail);
  writable.on("close", close);
  writable.on("finish", finish);
  writable.on("drain", drain);
  watchersByWritable.set(writable, watchers);
  unlisten.set(watchers, () => {
    watchersByWritable.delete(writable);
    unlisten.delete(watchers);
    writable.off("error", fail);
    writable.off("close", close);
    writable.off("finish", finish);
    writable.off("drain", drain);
    if (writable.errored && !writable.closed) {
      // Its "error" event may be still to come, and ends the program where nobody listens.
      writable.once("error", () => undefined);
    }
  });
  return watchers;
}
