// Captured before anything is replaced.
const { setImmediate, setTimeout, clearTimeout } = globalThis;
const dateNow = Date.now;
const random = Math.random;
const { stackTraceLimit } = Error;

// Any moment will do; not zero, so that nothing passes for unset.
const EPOCH_MS = 1_700_000_000_000;

const MAX_DELAY_MS = 2_147_483_647;

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Time that stands still while there is anything to do, and then jumps to the next timer. While it
 * is installed, the program's own setTimeout, performance.now, Date.now and Math.random belong to
 * it.
 */
export class VirtualTime {
  readonly #timers = new Set<Timer>();
  readonly #programTimers = new Map<object, Timer>();
  // Not whole: clocks are not, and timers are.
  #now = 0.625;
  #order = 0;

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Milliseconds since the Unix epoch. */
  get date(): number {
    return EPOCH_MS + this.#now;
  }

  /** How many timers the program under test has running. */
  get programTimers(): number {
    return this.#programTimers.size;
  }

  /** Calls `callback` after `delayMs`, as a part of the simulated world; returns how to prevent it. */
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = this.#add(delayMs, callback);
    return () => this.#timers.delete(timer);
  }

  /** Resolves after `delayMs`, whoever has lost interest in the meantime. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, resolve));
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Goes to the next timer and calls it; false if there is none. */
  advance(): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (!next || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) {
        next = timer;
      }
    }
    if (!next) {
      return false;
    }
    this.#timers.delete(next);
    this.#now = next.due;
    next.callback();
    return true;
  }

  /** Takes the program's clocks and its randomness over; returns how to give them back. */
  install(nextRandom: () => number): () => void {
    const replaced = {
      setTimeout: (callback: () => void, delayMs?: number) =>
        this.#startProgramTimer(callback, delayMs),
      clearTimeout: (handle?: object) => this.#stopProgramTimer(handle),
    };
    Object.assign(globalThis, replaced);
    performance.now = () => this.#now;
    Date.now = () => this.date;
    Math.random = nextRandom;
    // Errors are many here, and their stacks are what costs most.
    Error.stackTraceLimit = 0;
    return () => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      Reflect.deleteProperty(performance, "now");
      Date.now = dateNow;
      Math.random = random;
      Error.stackTraceLimit = stackTraceLimit;
    };
  }

  #startProgramTimer(callback: () => void, delayMs = 0): object {
    const handle = { ref: () => handle, unref: () => handle };
    const timer = this.#add(wholeDelayMs(delayMs), () => {
      this.#programTimers.delete(handle);
      callback();
    });
    this.#programTimers.set(handle, timer);
    return handle;
  }

  #stopProgramTimer(handle: object | undefined): void {
    const timer = handle && this.#programTimers.get(handle);
    if (handle && timer) {
      this.#programTimers.delete(handle);
      this.#timers.delete(timer);
    }
  }

  #add(delayMs: number, callback: () => void): Timer {
    this.#order += 1;
    const timer = { due: this.#now + delayMs, order: this.#order, callback };
    this.#timers.add(timer);
    return timer;
  }
}

/** What Node makes of a delay: whole milliseconds, and one for what it cannot take. */
function wholeDelayMs(delayMs: number): number {
  return delayMs >= 1 && delayMs <= MAX_DELAY_MS ? Math.trunc(delayMs) : 1;
}
