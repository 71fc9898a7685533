import type { Writable } from "node:stream";
import type { Limit } from "../async/limit.js";

/**
 * Writes to a Writable that belongs to somebody else: waits while it is full, tells its errors, and
 * never ends it.
 */
export class WritableSink {
  readonly #writable: Writable;
  readonly #onFailure: (reason: unknown) => void;
  readonly #unwatch: () => void;
  #pendingWrites = 0;
  #onDrained: (() => void) | undefined;
  #onFlushed: (() => void) | undefined;

  /** @param onFailure called as soon as the Writable fails or is closed, being written to or not. */
  constructor(writable: Writable, onFailure: (reason: unknown) => void) {
    this.#writable = writable;
    this.#onFailure = onFailure;
    this.#unwatch = watchWritable(writable, {
      failed: onFailure,
      drained: () => this.#onDrained?.(),
    });
    if (writable.destroyed || writable.writableEnded) {
      onFailure(writable.errored ?? new Error("the Writable takes no more: it was ended before"));
    }
  }

  /**
   * Writes; what it returns, if anything, resolves when the Writable can take more.
   *
   * @throws the reason of the limit if that has ended.
   */
  write(data: Uint8Array, limit: Limit): Promise<void> | undefined {
    limit.throwIfEnded();
    this.#pendingWrites += 1;
    const ready = this.#writable.write(data, (error) => {
      this.#pendingWrites -= 1;
      if (error) {
        this.#onFailure(error);
      } else if (this.#pendingWrites === 0) {
        this.#onFlushed?.();
      }
    });
    return ready
      ? undefined
      : until(limit, (resolve) => {
          this.#onDrained = resolve;
        });
  }

  /** Resolves when everything was handed to what is behind the Writable. */
  async flush(limit: Limit): Promise<void> {
    if (this.#pendingWrites > 0) {
      await until(limit, (resolve) => {
        this.#onFlushed = resolve;
      });
    }
    limit.throwIfEnded();
  }

  /** Takes the listeners off. */
  release(): void {
    this.#unwatch();
  }
}

async function until(limit: Limit, subscribe: (resolve: () => void) => void): Promise<void> {
  let stop: () => void = () => undefined;
  await new Promise<void>((resolve) => {
    subscribe(resolve);
    stop = limit.onEnd(resolve);
  });
  stop();
  limit.throwIfEnded();
}

/** Those who want to know what becomes of a Writable. */
interface WritableWatcher {
  /** It has failed, or was closed: nothing more can be written. */
  failed(reason: unknown): void;
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
  const fail = (reason: unknown) => {
    for (const watcher of [...watchers]) {
      watcher.failed(reason);
    }
  };
  const close = () => fail(new Error("the Writable was closed before the output ended"));
  const drain = () => {
    for (const watcher of [...watchers]) {
      watcher.drained();
    }
  };
  writable.on("error", fail);
  writable.on("close", close);
  writable.on("drain", drain);
  watchersByWritable.set(writable, watchers);
  unlisten.set(watchers, () => {
    watchersByWritable.delete(writable);
    unlisten.delete(watchers);
    writable.off("error", fail);
    writable.off("close", close);
    writable.off("drain", drain);
    if (writable.errored && !writable.closed) {
      // Its "error" event may be still to come, and ends the program where nobody listens.
      writable.once("error", () => undefined);
    }
  });
  return watchers;
}
