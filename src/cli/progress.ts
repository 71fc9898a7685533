import { Writable } from "node:stream";
import type { Process, ResumeEvent, RetryEvent } from "../index.js";
import { failureText } from "./failure.js";
import { printable, span, styled } from "./text.js";

const SILENCE_MS = 2_000;
const REDRAW_MS = 500;
const LOOK_EVERY_MS = 10_000;

/**
 * Tells on a terminal, after two seconds of silence, what is being waited for, in one line that
 * vanishes as soon as something comes. Elsewhere it does nothing.
 */
export class Progress {
  readonly #isOn: boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  #since = performance.now();
  #waitsFor: string;
  #outage: { readonly since: number; failures: number; why: string } | undefined;
  #look: (() => Promise<Process>) | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #hasOutput = false;
  // A line that the process has not ended stands before the cursor, and must not be overwritten.
  #isAtLineStart = true;
  #isShown = false;

  /** @param waitsFor what is being waited for at first. */
  constructor(waitsFor = "connecting") {
    this.#waitsFor = waitsFor;
    this.#isOn = process.stderr.isTTY === true;
    this.#timer = this.#isOn ? setInterval(() => this.#draw(), REDRAW_MS).unref() : undefined;
  }

  /** What follows is the output of a process, which can be looked at while it says nothing. */
  follow(look: () => Promise<Process>): void {
    this.clear();
    this.#waitsFor = "waiting for output";
    this.#look = look;
    this.#since = performance.now();
  }

  /** An attempt has failed, and there will be another. */
  retry({ failures, error }: RetryEvent): void {
    this.#outage ??= { since: performance.now(), failures, why: "" };
    this.#outage.failures = failures;
    this.#outage.why = failureText(error);
  }

  /** What was broken goes on. */
  resume(_event: ResumeEvent): void {
    this.#outage = undefined;
  }

  /** Takes the line away, before something else is written. */
  clear(): void {
    if (this.#isShown) {
      this.#isShown = false;
      process.stderr.write("\r\u001b[K");
    }
  }

  /** Ends it. */
  close(): void {
    this.clear();
    clearInterval(this.#timer);
  }

  /** The same Writable, before whose writes the line vanishes. */
  watched(writable: NodeJS.WriteStream): Writable {
    if (!this.#isOn) {
      return writable;
    }
    return new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#output(chunk, writable.isTTY);
        writable.write(chunk, done);
      },
    });
  }

  #output(chunk: Uint8Array, isTerminal: boolean): void {
    this.clear();
    this.#hasOutput = true;
    this.#outage = undefined;
    this.#since = performance.now();
    if (isTerminal) {
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
      this.clear();
      return;
    }
    this.#isShown = true;
    const width = Math.max(20, process.stderr.columns ?? 80) - 1;
    const shown = printable(text);
    const cut = shown.length > width ? `${shown.slice(0, width - 1)}…` : shown;
    process.stderr.write(`\r\u001b[K${styled("dim", cut, process.stderr)}`);
  }

  #text(now: number): string | undefined {
    if (this.#outage) {
      const { since, failures, why } = this.#outage;
      return `no connection for ${span(now - since)}, ${failures} failed attempts: ${why}`;
    }
    // A process that has spoken may be silent for as long as it likes.
    return this.#hasOutput ? undefined : `${this.#waitsFor} for ${span(now - this.#since)}`;
  }

  #askForState(now: number): void {
    if (this.#look === undefined || this.#hasOutput || now - this.#lookedAt < LOOK_EVERY_MS) {
      return;
    }
    this.#lookedAt = now;
    this.#look().then(
      ({ state }) => {
        const isPending = state === "STATE_PENDING";
        this.#waitsFor = isPending ? "pending: waiting for its start" : "waiting for output";
        this.#outage = undefined;
      },
      // What cannot be reached is told by the retries of the stream itself.
      () => undefined,
    );
  }
}
