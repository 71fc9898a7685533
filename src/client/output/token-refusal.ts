import { Code } from "@connectrpc/connect";
import type { Failure } from "../../errors/failure.js";
import type { CallRecord } from "../../transport/call-record.js";

// A token that is refused later than this was accepted when the stream was opened.
const ACCEPTED_MS = 1_000;

/** Tells what a refused token means for a stream. */
export class TokenRefusals {
  #last: CallRecord | undefined;

  /** The attempt whose token was refused last; its token must not be used again. */
  get last(): CallRecord | undefined {
    return this.#last;
  }

  /** Forgets what was: the last token was good for something. */
  progress(): void {
    this.#last = undefined;
  }

  /**
   * Whether a failure is a refusal after which another token can be tried: the first one, or one of
   * a token that had been accepted. A server that refuses every token must not be asked for ever.
   */
  mayRefresh(failure: Failure, record: CallRecord, livedMs: number): boolean {
    const refused =
      failure.kind === "status" &&
      failure.code === Code.Unauthenticated &&
      record.sent &&
      record.tokenProvided;
    return refused && (this.#last === undefined || livedMs > ACCEPTED_MS);
  }

  /** Whether a refusal came so soon that the stream was never open. */
  atOpening(livedMs: number): boolean {
    return livedMs <= ACCEPTED_MS;
  }

  /**
   * Notes a refusal.
   *
   * @returns whether it is the first one since there was progress.
   */
  note(record: CallRecord): boolean {
    const first = this.#last === undefined;
    this.#last = record;
    return first;
  }
}
