import { startTimer } from "../../async/timer.js";
import { waitFor } from "../../async/wait-for.js";

/**
 * Lets go, once for all, of whatever waits for it. An AbortSignal would do, but warns of a leak when
 * more than ten calls wait.
 */
export class Release {
  readonly #waiting = new Set<() => void>();
  #released = false;

  get released(): boolean {
    return this.#released;
  }

  /** Calls this when released: at once, if that was before. Returns how to take it back. */
  onRelease(listener: () => void): () => void {
    if (this.#released) {
      listener();
    } else {
      this.#waiting.add(listener);
    }
    return () => this.#waiting.delete(listener);
  }

  /** Further calls do nothing. */
  release(): void {
    this.#released = true;
    for (const listener of this.#waiting) {
      this.#waiting.delete(listener);
      listener();
    }
  }
}

/** How long to hold a call up. */
export interface HoldOptions {
  /** Ends the hold: the call goes on. */
  readonly release: Release;
  /** The call's own signal: it is over. */
  readonly signal: AbortSignal;
  /** Ends the hold after this time, in milliseconds. @default undefined no limit */
  readonly ms?: number;
}

/**
 * Holds a call up until it is released, or the time is over.
 *
 * @throws the reason of the call's signal where it aborts first.
 */
export async function untilReleased({ release, signal, ms }: HoldOptions): Promise<void> {
  const stops: (() => void)[] = [];
  try {
    await waitFor((goOn) => {
      stops.push(release.onRelease(goOn));
      if (ms !== undefined) {
        stops.push(startTimer(ms, goOn));
      }
      return () => {};
    }, signal);
  } finally {
    for (const stop of stops) {
      stop();
    }
  }
}
