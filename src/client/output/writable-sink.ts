import type { Writable } from "node:stream";
import { waitFor } from "../../async/wait-for.js";
import { watchWritable } from "./writable-events.js";

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

  /** Resolves when the Writable can take more; rejects with the signal's reason when it aborts. */
  async write(data: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#pendingWrites += 1;
    const ready = this.#writable.write(data, (error) => {
      this.#pendingWrites -= 1;
      if (error) {
        this.#onFailure(error);
      } else if (this.#pendingWrites === 0) {
        this.#onFlushed?.();
      }
    });
    if (!ready) {
      await waitFor((resolve) => {
        this.#onDrained = resolve;
        return () => {
          this.#onDrained = undefined;
        };
      }, signal);
    }
  }

  /** Resolves when everything was handed to what is behind the Writable. */
  async flush(signal: AbortSignal): Promise<void> {
    if (this.#pendingWrites > 0) {
      await waitFor((resolve) => {
        this.#onFlushed = resolve;
        return () => {
          this.#onFlushed = undefined;
        };
      }, signal);
    }
    signal.throwIfAborted();
  }

  /** Takes the listeners off. */
  release(): void {
    this.#unwatch();
  }
}
