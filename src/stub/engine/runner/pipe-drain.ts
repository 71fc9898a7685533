import { Socket } from "node:net";
import type { Clock } from "../clock.js";
import type { Pipe } from "./pipe-pool.js";
import type { OutputSink, WrittenStream } from "./runner.js";

/** How long a pipe may be silent after the program's end before it is no longer captured. */
const GRACE_MS = 250;
/**
 * How long a pipe is captured after the program's end, whatever still comes: a descendant that
 * writes now and then would renew the grace for ever.
 */
const MAX_AFTER_END_MS = 1_000;
/**
 * The most that is captured after the program's end: the largest pipe that Linux grants by default
 * (1 MiB) and what Node has read ahead. More can only come from a program that still writes.
 */
const MAX_BYTES_AFTER_END = (1024 + 128) * 1024;

/**
 * Reads one pipe into the sink, at the sink's pace; after the program's end for a while, and then
 * into nothing, for descendants that still write.
 */
export class PipeDrain {
  /** Resolves when nothing is given to the sink any more. */
  readonly ended: Promise<void>;
  /** Resolves when the pipe is closed: at its end, or because it was given up. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #stream: WrittenStream;
  readonly #sink: OutputSink;
  readonly #clock: Clock;
  readonly #limit: PausableTimer;
  #end: () => void = () => {};
  #received = 0;
  #receivedAtEnd: number | undefined;
  #paused = false;
  #hasEnded = false;
  #cancelGrace: (() => void) | undefined;

  constructor(pipe: Omit<Pipe, "writeEnd">, stream: WrittenStream, sink: OutputSink, clock: Clock) {
    this.#stream = stream;
    this.#sink = sink;
    this.#clock = clock;
    this.#limit = new PausableTimer(clock, MAX_AFTER_END_MS, () => {
      // What was on its way at the program's end is read first, even by a busy program.
      setImmediate(() => this.#paused || this.#stopCapturing());
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#socket = new Socket({ fd: pipe.readEnd, readable: true, writable: false });
    let wasRead = false;
    this.#socket.once("end", () => {
      wasRead = true;
    });
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.#finish();
        pipe.release(wasRead);
        resolve();
      });
    });
    // A pipe that cannot be read is a pipe that has ended: "close" follows.
    this.#socket.on("error", () => {});
    this.#socket.on("data", this.#receive);
  }

  /** The program has ended: only what is on its way is still captured. */
  programEnded(): void {
    this.#receivedAtEnd = this.#received;
    this.#startTimers();
  }

  /** Closes the pipe, whatever is in it: who writes to it afterwards gets SIGPIPE. */
  giveUp(): void {
    this.#socket.destroy();
  }

  readonly #receive = (data: Buffer): void => {
    this.#received += data.length;
    const taken = this.#sink.write(this.#stream, data);
    if (this.#receivedAtEnd !== undefined) {
      if (this.#received - this.#receivedAtEnd > MAX_BYTES_AFTER_END) {
        this.#stopCapturing();
        return;
      }
      this.#startTimers();
    }
    if (taken === true) {
      return;
    }
    this.#paused = true;
    this.#socket.pause();
    // Time in which the sink takes nothing does not count.
    this.#cancelGrace?.();
    this.#limit.pause();
    void taken.then((goOn) => (goOn ? this.#resume() : this.giveUp()));
  };

  #resume(): void {
    this.#paused = false;
    if (this.#hasEnded) {
      return;
    }
    this.#socket.resume();
    if (this.#receivedAtEnd !== undefined) {
      this.#startTimers();
    }
  }

  #startTimers(): void {
    if (this.#paused || this.#hasEnded) {
      return;
    }
    this.#limit.start();
    this.#cancelGrace?.();
    this.#cancelGrace = this.#clock.schedule(GRACE_MS, () => {
      const received = this.#received;
      // This program may have been busy for longer than the grace: read before giving up.
      setImmediate(() => {
        if (!this.#paused && this.#received === received) {
          this.#stopCapturing();
        }
      });
    });
  }

  #stopCapturing(): void {
    if (this.#hasEnded) {
      return;
    }
    this.#socket.off("data", this.#receive);
    discardPipe(this.#socket);
    this.#finish();
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#cancelGrace?.();
    this.#limit.pause();
    this.#end();
  }
}

/** The pause after each read: what floods a pipe that nobody wants must not keep us busy. */
const PAUSE_MS = 10;

/**
 * Reads a pipe into nothing until its end, so that who writes to it neither blocks for long nor dies
 * of SIGPIPE. It does not keep this program running.
 */
function discardPipe(pipe: Socket): void {
  pipe.unref();
  pipe.on("data", () => {
    pipe.pause();
    setTimeout(() => pipe.resume(), PAUSE_MS).unref();
  });
  pipe.resume();
}

/** Runs a callback once, when it has been running for long enough; pauses do not count. */
class PausableTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #remainingMs: number;
  #startedAt = 0;
  #cancel: (() => void) | undefined;

  /** It does not run yet. */
  constructor(clock: Clock, ms: number, callback: () => void) {
    this.#clock = clock;
    this.#remainingMs = ms;
    this.#callback = callback;
  }

  /** Runs, or runs on. */
  start(): void {
    if (this.#cancel !== undefined) {
      return;
    }
    this.#startedAt = this.#clock.now();
    this.#cancel = this.#clock.schedule(this.#remainingMs, this.#callback);
  }

  /** Stops until `start()`. */
  pause(): void {
    if (this.#cancel === undefined) {
      return;
    }
    this.#cancel();
    this.#cancel = undefined;
    // A machine's clock that is set back must not lengthen it.
    const elapsed = Math.max(0, this.#clock.now() - this.#startedAt);
    this.#remainingMs = Math.max(0, this.#remainingMs - elapsed);
  }
}
