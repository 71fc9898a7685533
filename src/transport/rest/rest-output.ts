import { type Failure, failed, type Outcome } from "../../errors/outcome.js";
import { type Batch, LEFT, type OutputSource } from "../wire.js";
import type { AnswerBody, MessageLimits } from "./answer.js";
import type { HttpCall } from "./http-call.js";
import { OutputLines } from "./output-lines.js";

// What one read brings at most. More is left to the connection, which then holds the server back.
const MAX_WAITING_BYTES = 64 * 1024;

/** The output of a process, as it arrives. */
export class RestOutput implements OutputSource, AnswerBody {
  readonly #lines: OutputLines;
  readonly #cutOff: Failure;
  #call: HttpCall | undefined;
  #end: Outcome<"end"> | undefined;
  #waiting: ((outcome: Outcome<"batch" | "end">) => void) | undefined;
  #paused = false;

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
    if (this.#paused) {
      this.#paused = false;
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
      if (this.#lines.bytes >= MAX_WAITING_BYTES) {
        this.#paused = true;
        this.#call?.pause();
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
