import { onAbort } from "./abort-listeners.js";
import { startTimer } from "./timer.js";
import { withFrames } from "./with-frames.js";

/** Why something ended. */
export interface Ended {
  /** Made when it is asked for, so that an error shows who asked. */
  readonly reason: unknown;
}

/** What a limit adds to the one that it is within. */
export interface LimitOptions {
  /** Ends it too; its own reason is the reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long it lasts, in milliseconds; undefined or Infinity is as long as the outer one. */
  readonly ms?: number | undefined;
  /**
   * Whether the end of the time is only told, by `remainingMs`, and ends nothing by itself: for what
   * is never cut short.
   * @default false
   */
  readonly soft?: boolean | undefined;
  /**
   * Whether there is to be one attempt and no waiting: what `timeoutMs: 0` means.
   * @default false
   */
  readonly once?: boolean | undefined;
  /** The reason where the time ends it. */
  readonly overdue?: (() => unknown) | undefined;
}

/**
 * How long something may take, and who may end it earlier. Whatever ends it first is the reason.
 * Limits are within limits: the client's life, a call, an attempt.
 */
export class Limit {
  /** Whether there is to be one attempt and no waiting. */
  readonly once: boolean;
  readonly #due: number;
  // Both made at the first use: an idle follower has a limit, too.
  #stops: (() => void)[] | undefined;
  #listeners: Set<() => void> | undefined;
  #why: (() => unknown) | undefined;
  #isOverdue = false;
  #ended: Ended | undefined;
  #controller: AbortController | undefined;

  constructor(options: LimitOptions = {}, outer?: Limit) {
    const { signal, ms = Number.POSITIVE_INFINITY, soft = false, overdue } = options;
    this.once = options.once ?? outer?.once ?? false;
    const due = performance.now() + ms;
    this.#due = outer ? Math.min(due, outer.#due) : due;
    if (outer) {
      const endWithOuter = () => {
        this.#isOverdue = outer.#isOverdue;
        this.end(outer.#why ?? neverEnded);
      };
      this.#addStop(outer.onEnd(endWithOuter));
    }
    if (signal && !this.isEnded) {
      this.#addStop(onAbort(signal, () => this.end(() => signal.reason)));
    }
    if (ms !== Number.POSITIVE_INFINITY && !soft && !this.isEnded) {
      const expire = () => {
        this.#isOverdue = true;
        this.end(overdue ?? neverEnded);
      };
      this.#addStop(startTimer(ms, expire));
    }
  }

  /** Whether it has ended. */
  get isEnded(): boolean {
    return this.#why !== undefined;
  }

  /** Whether the time ended it. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Why it ended; undefined before. */
  get ended(): Ended | undefined {
    if (this.#why && !this.#ended) {
      this.#ended = { reason: withFrames(this.#why) };
    }
    return this.#ended;
  }

  /** Aborts when this ends. Made at the first use: most calls need none. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#why) {
        this.#controller.abort(this.#ended ? this.#ended.reason : this.#why());
      }
    }
    return this.#controller.signal;
  }

  /** Milliseconds until the time is over; Infinity without a limit of time. */
  remainingMs(): number {
    return Math.max(0, this.#due - performance.now());
  }

  /**
   * Calls `listener` when this ends, at once if it has. A listener can be on it once.
   *
   * @returns a function that takes the listener off.
   */
  onEnd(listener: () => void): () => void {
    if (this.isEnded) {
      listener();
      return nothing;
    }
    this.#listeners ??= new Set();
    const listeners = this.#listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** A limit that ends with this one at the latest. To be released. */
  within(options: LimitOptions): Limit {
    return new Limit(options, this);
  }

  /** @throws the reason if this has ended. */
  throwIfEnded(): void {
    if (this.#why) {
      throw this.ended?.reason;
    }
  }

  /** Ends it; without effect where it has ended. */
  end(why: () => unknown): void {
    if (this.#why) {
      return;
    }
    this.#why = why;
    this.release();
    for (const listener of this.#listeners ?? []) {
      listener();
    }
    this.#listeners = undefined;
    // Not the reason that is thrown later: that is to be made where it can show who called.
    this.#controller?.abort(why());
  }

  /** Takes timers and listeners off: it ends by `end` only from now on. */
  release(): void {
    const stops = this.#stops;
    this.#stops = undefined;
    for (const stop of stops ?? []) {
      stop();
    }
  }

  #addStop(stop: () => void): void {
    this.#stops ??= [];
    this.#stops.push(stop);
  }
}

/** The value of a promise that never rejects, or `instead` as soon as the limit ends. */
export function unlessEnded<T>(limit: Limit, promise: Promise<T>, instead: T): Promise<T> {
  return new Promise((resolve) => {
    const stop = limit.onEnd(() => resolve(instead));
    void promise.then((value) => {
      stop();
      resolve(value);
    });
  });
}

/** Resolves after `ms`, or as soon as the limit ends. */
export function sleep(ms: number, limit: Limit): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      stopTimer();
      stopListening();
      resolve();
    };
    let stopListening = nothing;
    const stopTimer = startTimer(ms, wake);
    stopListening = limit.onEnd(wake);
  });
}

function nothing(): void {}

function neverEnded(): unknown {
  return new Error("the time is over");
}
