import { Writable } from "node:stream";
import { ConnectError, type Process, type RetryEvent } from "../index.js";
import { failureText } from "./failure.js";
import { clearStatus, showStatus } from "./stdio.js";
import { printable, span } from "./text.js";

const SILENCE_MS = 2_000;
const REDRAW_MS = 500;
const LOOK_EVERY_MS = 10_000;
// An outage may be over without a word, where the process has none to say.
const LOOK_IN_OUTAGE_MS = 3_000;

/** Why an attempt failed, without what it was: that is told beside it. */
export function reasonOf({ method, resource, error }: RetryEvent): string {
  const text = error instanceof ConnectError ? error.rawMessage : failureText(error);
  return printable(text.replace(`${method} of ${resource}: `, ""));
}

/**
 * Tells on a terminal, after two seconds of silence, what is being waited for, in one line that
 * vanishes as soon as something comes. Elsewhere it does nothing.
 */
export class Progress {
  readonly #isOn: boolean;
  // The line must not stay where the prompt of the shell comes next.
  readonly #onInterrupt = () => {
    clearStatus();
    if (process.listenerCount("SIGINT") === 0) {
      process.kill(process.pid, "SIGINT");
    }
  };
  readonly #timer: NodeJS.Timeout | undefined;
  #since = performance.now();
  #waitsFor = "waiting for an answer";
  #outage: { readonly since: number; readonly failures: number; readonly why: string } | undefined;
  #look: (() => Promise<Process>) | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isPending = false;
  #hasOutput = false;
  // A line that the process has not ended stands before the cursor, and must not be overwritten.
  #isAtLineStart = true;

  constructor() {
    // A terminal that is dumb cannot take a line back.
    this.#isOn = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
    if (this.#isOn) {
      this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
      process.once("SIGINT", this.#onInterrupt);
    }
  }

  /** What follows comes from a process, which can be looked at while it says nothing. */
  follow(look: () => Promise<Process>, waitsFor = "waiting for output"): void {
    clearStatus();
    this.#waitsFor = waitsFor;
    this.#look = look;
    this.#since = performance.now();
  }

  /** An attempt has failed, and there will be another. */
  retry(event: RetryEvent): void {
    const since = this.#outage?.since ?? performance.now();
    this.#outage = { since, failures: event.failures, why: reasonOf(event) };
  }

  /** What was broken goes on. */
  resume(): void {
    this.#outage = undefined;
  }

  /** Ends it. */
  close(): void {
    clearStatus();
    clearInterval(this.#timer);
    process.off("SIGINT", this.#onInterrupt);
  }

  /** The same Writable, before whose writes the line vanishes. */
  watched(writable: NodeJS.WriteStream): Writable {
    if (!this.#isOn) {
      return writable;
    }
    return new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        this.output(chunk, writable);
        writable.write(chunk, done);
      },
    });
  }

  /**
   * Something has come.
   *
   * @param chunk what is about to be written to `target`, if anything is.
   */
  output(chunk?: Uint8Array, target?: NodeJS.WriteStream): void {
    clearStatus();
    this.#hasOutput = true;
    this.#outage = undefined;
    this.#since = performance.now();
    if (chunk && target?.isTTY) {
      this.#isAtLineStart = chunk.at(-1) === 0x0a;
    }
  }

  #draw(): void {
    const now = performance.now();
    if (now - this.#since < SILENCE_MS || !this.#isAtLineStart) {
      return;
    }
    this.#askForState(now);
    const text = this.#text(now);
    if (text === undefined) {
      clearStatus();
      return;
    }
    showStatus(text);
  }

  #text(now: number): string | undefined {
    if (this.#outage) {
      const { since, failures, why } = this.#outage;
      return `no answer for ${span(now - since)} (attempts: ${failures}): ${why}`;
    }
    // A process that has spoken may be silent for as long as it likes.
    const waitsFor = this.#isPending ? "it is pending: waiting for its start" : this.#waitsFor;
    return this.#hasOutput ? undefined : `${waitsFor} (${span(now - this.#since)})`;
  }

  #askForState(now: number): void {
    const everyMs = this.#outage ? LOOK_IN_OUTAGE_MS : LOOK_EVERY_MS;
    const isSilence = this.#outage !== undefined || !this.#hasOutput;
    if (this.#look === undefined || !isSilence || now - this.#lookedAt < everyMs) {
      return;
    }
    this.#lookedAt = now;
    this.#look().then(
      ({ state }) => {
        this.#isPending = state === "STATE_PENDING";
        this.#outage = undefined;
      },
      // What cannot be reached is told by the retries of the stream itself.
      () => undefined,
    );
  }
}
