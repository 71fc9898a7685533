import { type Failure, failed, type Outcome } from "../errors/outcome.js";
import { foreign } from "./foreign-failure.js";
import { type Batch, LEFT, type OutputSource } from "./wire.js";

/** A stream that begins again over the other protocol where its own is not spoken. */
export class DoubtfulOutput implements OutputSource {
  readonly #instead: (outcome: Outcome<unknown>) => Promise<OutputSource | Failure | undefined>;
  #source: OutputSource;
  #failure: Failure | undefined;
  #isBegun = false;
  #isClosed = false;

  constructor(
    source: OutputSource,
    instead: (outcome: Outcome<unknown>) => Promise<OutputSource | Failure | undefined>,
  ) {
    this.#source = source;
    this.#instead = instead;
  }

  take(): Batch | undefined {
    return this.#source.take();
  }

  wait(): Promise<Outcome<"batch" | "end">> {
    return this.#isBegun ? this.#source.wait() : this.#begin();
  }

  close(): void {
    this.#isClosed = true;
    this.#source.close();
  }

  async #begin(): Promise<Outcome<"batch" | "end">> {
    if (this.#failure) {
      return failed(this.#failure);
    }
    const outcome = await this.#source.wait();
    if (this.#isClosed) {
      return outcome;
    }
    try {
      const instead = await this.#instead(outcome);
      if (!instead) {
        this.#isBegun = true;
        return outcome;
      }
      if ("wait" in instead && !this.#isClosed) {
        this.#isBegun = true;
        this.#source = instead;
        return await instead.wait();
      }
      if ("wait" in instead) {
        instead.close();
      }
      this.#failure = "wait" in instead ? LEFT : instead;
    } catch (thrown) {
      this.#source.close();
      this.#failure = foreign("local", thrown);
    }
    return failed(this.#failure);
  }
}
