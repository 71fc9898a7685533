import { Socket } from "node:net";
import type { Clock } from "../clock.js";
import type { OutputSink, WrittenStream } from "./runner.js";

/** How long a pipe may be silent after the program's end before what holds it open is left alone. */
const GRACE_MS = 250;
/** How long a pipe is read after the program's end at most, whatever still comes. */
const MAX_AFTER_END_MS = 1_000;
/**
 * The most that is read after the program's end: the largest pipe that Linux grants by default
 * (1 MiB) and what Node has read ahead. More can only come from a program that still writes.
 */
const MAX_BYTES_AFTER_END = (1024 + 128) * 1024;

/** Reads one pipe into the sink, at the sink's pace. */
export class PipeDrain {
  /** Resolves when the pipe is at its end or was given up. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #stream: WrittenStream;
  readonly #sink: OutputSink;
  readonly #clock: Clock;
  #received = 0;
  #receivedAtEnd: number | undefined;
  #paused = false;
  #refused = false;
  #cancelGrace: (() => void) | undefined;
  #cancelLimit: (() => void) | undefined;

  constructor(readEnd: number, stream: WrittenStream, sink: OutputSink, clock: Clock) {
    this.#stream = stream;
    this.#sink = sink;
    this.#clock = clock;
    this.#socket = new Socket({ fd: readEnd, readable: true, writable: false });
    this.ended = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.#cancelGrace?.();
        this.#cancelLimit?.();
        resolve();
      });
    });
    // A pipe that cannot be read is a pipe that has ended: "close" follows.
    this.#socket.on("error", () => {});
    this.#socket.on("data", (data) => this.#receive(data));
  }

  /** The program has ended: only what is on its way is still read. */
  programEnded(): void {
    this.#receivedAtEnd = this.#received;
    if (this.#refused) {
      this.#socket.destroy();
      return;
    }
    this.#startGrace();
    this.#startLimit();
  }

  #receive(data: Buffer): void {
    this.#received += data.length;
    const taken = this.#sink.write(this.#stream, data);
    if (this.#receivedAtEnd !== undefined) {
      if (this.#received - this.#receivedAtEnd > MAX_BYTES_AFTER_END) {
        this.#socket.destroy();
        return;
      }
      this.#startGrace();
    }
    if (taken === true) return;
    this.#paused = true;
    this.#socket.pause();
    this.#cancelGrace?.();
    this.#cancelLimit?.();
    void taken.then((goOn) => (goOn ? this.#resume() : this.#refuse()));
  }

  #resume(): void {
    this.#paused = false;
    this.#socket.resume();
    if (this.#receivedAtEnd !== undefined) {
      this.#startGrace();
      this.#startLimit();
    }
  }

  #refuse(): void {
    this.#refused = true;
    if (this.#receivedAtEnd !== undefined) this.#socket.destroy();
  }

  #startGrace(): void {
    this.#cancelGrace?.();
    if (this.#paused || this.#socket.destroyed) return;
    this.#cancelGrace = this.#clock.schedule(GRACE_MS, () => {
      const received = this.#received;
      // This program may have been busy for longer than the grace: read before giving up.
      setImmediate(() => {
        if (!this.#paused && this.#received === received) this.#socket.destroy();
      });
    });
  }

  // A descendant that writes now and then would renew the grace for ever. Time in which the sink
  // takes nothing does not count.
  #startLimit(): void {
    this.#cancelLimit?.();
    if (this.#paused || this.#socket.destroyed) return;
    this.#cancelLimit = this.#clock.schedule(MAX_AFTER_END_MS, () => {
      // What was on its way at the program's end is read first, even by a busy program.
      setImmediate(() => {
        if (!this.#paused) this.#socket.destroy();
      });
    });
  }
}
