import type { Writable } from "node:stream";
import { waitFor } from "../../retry/wait-for.js";

/**
 * Writes to a Writable that belongs to somebody else: waits while it is full, tells its errors, and
 * never ends it.
 */
export class WritableSink {
  readonly #writable: Writable;
  readonly #onFailure: (reason: unknown) => void;
  #pendingWrites = 0;
  #onFlushed: (() => void) | undefined;

  /** @param onFailure called as soon as the Writable fails or is closed, being written to or not. */
  constructor(writable: Writable, onFailure: (reason: unknown) => void) {
    this.#writable = writable;
    this.#onFailure = onFailure;
    writable.on("error", onFailure);
    writable.on("close", this.#closed);
    if (writable.destroyed || writable.writableEnded) {
      this.#closed();
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
        this.#writable.once("drain", resolve);
        return () => this.#writable.off("drain", resolve);
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
    this.#writable.off("error", this.#onFailure);
    this.#writable.off("close", this.#closed);
    if (this.#writable.errored && !this.#writable.closed) {
      // Its "error" event may be still to come, and ends the program where nobody listens.
      this.#writable.once("error", () => undefined);
    }
  }

  readonly #closed = () => {
    this.#onFailure(new Error("the Writable was closed before the output ended"));
  };
}
