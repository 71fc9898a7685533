import type { Writable } from "node:stream";

/** Those who want to know what becomes of a Writable. */
export interface WritableWatcher {
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
export function watchWritable(writable: Writable, watcher: WritableWatcher): () => void {
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
