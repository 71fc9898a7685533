import { type Failure, failed, type Outcome } from "../errors/outcome.js";
import type { Batch, OutputSource } from "./wire.js";

// As much as is held here while nobody takes it. The rest waits in the windows of HTTP/2 and TCP.
const MOST_BYTES = 64 * 1024;

/** What an answer's bytes come from. */
export interface OutputFlow {
  pause(): void;
  resume(): void;
  /** Ends it, at once. */
  close(): void;
}

type Arrival = Outcome<"batch" | "end">;

const BATCH: Arrival = { ok: true, value: "batch" };
const END: Arrival = { ok: true, value: "end" };

/** Holds batches between a transport that gets them and a reader that takes them. */
export class OutputQueue implements OutputSource {
  readonly #batches: Batch[] = [];
  #flow: OutputFlow | undefined;
  #bytes = 0;
  #paused = false;
  #end: Arrival | undefined;
  #wake: ((arrival: Arrival) => void) | undefined;

  /** Says what the batches come from. */
  connect(flow: OutputFlow): void {
    this.#flow = flow;
  }

  readonly add = (batch: Batch): void => {
    this.#batches.push(batch);
    this.#bytes += batch.bytes;
    if (this.#bytes >= MOST_BYTES && !this.#paused) {
      this.#paused = true;
      this.#flow?.pause();
    }
    this.#settle(BATCH);
  };

  /** Ends the stream, after the batches that are there. */
  end(failure: Failure | undefined): void {
    this.#end ??= failure ? failed(failure) : END;
    this.#settle(this.#batches.length > 0 ? BATCH : this.#end);
  }

  take(): Batch | undefined {
    const batch = this.#batches.shift();
    if (batch) {
      this.#bytes -= batch.bytes;
    }
    if (this.#paused && this.#batches.length === 0) {
      this.#paused = false;
      this.#flow?.resume();
    }
    return batch;
  }

  wait(): Promise<Arrival> {
    if (this.#batches.length > 0) {
      return Promise.resolve(BATCH);
    }
    if (this.#end) {
      return Promise.resolve(this.#end);
    }
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#batches.length = 0;
    this.#flow?.close();
  }

  #settle(arrival: Arrival): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.(arrival);
  }
}
