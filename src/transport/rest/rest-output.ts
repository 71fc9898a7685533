import { type Failure, failed, type Outcome } from "../../errors/outcome.js";
import { type Batch, LEFT, type OutputSource } from "../wire.js";
import type { AnswerBody, MessageLimits } from "./answer.js";
import type { HttpCall } from "./http-call.js";
import { OutputLines } from "./output-lines.js";

// About half of what one read brings. With more that nobody takes, nothing is read any more, which
// holds the server back.
const MAX_WAITING_BYTES = 32 * 1024;

/** The output of a process, as it arrives. */
export class RestOutput implements OutputSource, AnswerBody {
  readonly #lines: OutputLines;
  readonly #cutOff: Failure;
  #call: HttpCall | undefined;
  #end: Outcome<"end"> | undefined;
  #waiting: ((outcome: Outcome<"batch" | "end">) => void) | undefined;
  #isPausing = false;
  #isPaused = false;

  /** @param cutOff the failure of an answer that only seems to have an end. */
  constructor(limits: MessageLimits, cutOff: Failure) {
    this.#lines = new OutputLines(limits);
    this.#cutOff = cutOff;
  }

  /** Whether it has ended, for whatever reason. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  take(): Batch | undefined {
    const batch = this.#lines.take();
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#call?.resume();
    }
    return batch;
  }

  wait(): Promise<Outcome<"batch" | "end">> {
    const outcome = this.#outcome();
    return outcome
      ? Promise.resolve(outcome)
      : new Promise((resolve) => {
          this.#waiting = resolve;
        });
  }

  close(): void {
    this.#call?.cancel();
    this.failed(LEFT);
  }

  opened(call: HttpCall): void {
    this.#call = call;
  }

  head(header: Headers): void {
    this.#lines.metadata = header;
  }

  data(chunk: Buffer): Failure | undefined {
    const failure = this.#lines.push(chunk);
    if (!failure && this.#lines.count > 0) {
      this.#tell();
      if (this.#lines.bytes >= MAX_WAITING_BYTES && !this.#isPausing) {
        // After the rest of the same read, which comes line by line, and would be kept as it is; and
        // after those who wait have had their turn.
        this.#isPausing = true;
        queueMicrotask(() => this.#pauseIfFull());
      }
    }
    return failure;
  }

  whole(endIsSure: boolean): void {
    const failure = this.#lines.end(this.#cutOff) ?? (endIsSure ? undefined : this.#cutOff);
    this.#settle(failure ? failed(failure) : { ok: true, value: "end" });
  }

  failed(failure: Failure): void {
    this.#settle(failed(failure));
  }

  #pauseIfFull(): void {
    this.#isPausing = false;
    if (this.#lines.bytes >= MAX_WAITING_BYTES) {
      this.#isPaused = true;
      this.#call?.pause();
    }
  }

  #settle(end: Outcome<"end">): void {
    this.#end ??= end;
    this.#tell();
  }

  #tell(): void {
    const outcome = this.#waiting && this.#outcome();
    if (outcome) {
      this.#waiting?.(outcome);
      this.#waiting = undefined;
    }
  }

  #outcome(): Outcome<"batch" | "end"> | undefined {
    return this.#lines.count > 0 ? { ok: true, value: "batch" } : this.#end;
  }
}
