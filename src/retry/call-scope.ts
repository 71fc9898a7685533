import { Code, ConnectError } from "@connectrpc/connect";
import { onAbort } from "../async/abort-listeners.js";
import { startTimer } from "../async/timer.js";

/** How long something may take, and who may end it earlier. */
export interface ScopeOptions {
  /** The signals that end it: the caller's, the client's own. Absent ones are ignored. */
  readonly signals?: readonly (AbortSignal | undefined)[] | undefined;
  /** Milliseconds from now; undefined is no limit. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The life of one call: a signal that aborts when the caller's does, when the time is over, or when
 * the call is left. Whatever comes first is the reason.
 */
export class CallScope {
  /** Aborts with the caller's own reason, or with DeadlineExceeded. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #end: number;
  readonly #release: (() => void)[] = [];

  /** @param subject what is waited for, for the message of DeadlineExceeded. */
  constructor(subject: string, options: ScopeOptions) {
    const { signals = [], timeoutMs } = options;
    this.signal = this.#controller.signal;
    this.#end = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
    for (const signal of signals) {
      if (signal && !this.signal.aborted) {
        this.#release.push(onAbort(signal, () => this.abort(signal.reason)));
      }
    }
    if (timeoutMs !== undefined && Number.isFinite(timeoutMs) && !this.signal.aborted) {
      const expire = () => this.abort(deadlineExceeded(subject, timeoutMs));
      this.#release.push(startTimer(timeoutMs, expire));
    }
  }

  /** Milliseconds until the time is over; Infinity without a limit. */
  get remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Ends the call; without effect where it has ended. */
  abort(reason: unknown): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** Takes timers and listeners off. The signal does not abort by itself any more. */
  release(): void {
    for (const release of this.#release.splice(0)) {
      release();
    }
  }
}

/** The error of a limit of the caller's. */
function deadlineExceeded(subject: string, timeoutMs: number): ConnectError {
  return new ConnectError(`${subject} took longer than ${timeoutMs} ms`, Code.DeadlineExceeded);
}
