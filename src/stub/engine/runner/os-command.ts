import { constants } from "node:os";
import type { Clock } from "../clock.js";
import { reasonOf } from "../refusals.js";
import type { SpawnedChild } from "./child-processes.js";
import type { PipeDrain } from "./pipe-drain.js";
import type { ProcessSession } from "./process-session.js";
import type { CommandEnd, RunningCommand } from "./runner.js";

const { SIGKILL } = constants.signals;

/** How long a program may take to end after SIGKILL, its output included. */
const KILL_LIMIT_MS = 5_000;

/** A program of this machine, with its session and its pipes. */
export class OsCommand implements RunningCommand {
  readonly ended: Promise<CommandEnd>;
  readonly #session: ProcessSession;
  /** Undefined once it was reaped: Node's objects of it are large, and processes are kept for long. */
  #child: SpawnedChild | undefined;
  /** None once they are closed, likewise. */
  #drains: readonly PipeDrain[];
  readonly #clock: Clock;

  /** @param onLeaderEnd called when the program was reaped; `review` has to follow soon. */
  constructor(
    child: SpawnedChild,
    session: ProcessSession,
    drains: readonly PipeDrain[],
    clock: Clock,
    onLeaderEnd: () => void,
  ) {
    this.#child = child;
    this.#session = session;
    this.#drains = drains;
    this.#clock = clock;
    this.ended = this.#awaitEnd(child.exited, onLeaderEnd);
    void this.#awaitClose();
  }

  /** Looks what the program left behind; whether that is nothing, for good. */
  review(): boolean {
    return this.#session.review();
  }

  /** Whether the program has ended. */
  get hasLeaderEnded(): boolean {
    return this.#session.hasLeaderEnded;
  }

  signal(signal: number): boolean {
    return this.#session.signal(signal);
  }

  async kill(): Promise<void> {
    let refusal: unknown;
    try {
      this.#session.signal(SIGKILL);
    } catch (error) {
      refusal = error;
    }
    await settledWithin(this.ended, KILL_LIMIT_MS, this.#clock);
    for (const drain of this.#drains) {
      drain.giveUp();
    }
    if (!this.#session.hasLeaderEnded) {
      this.#child?.release();
      throw this.#left(refusal);
    }
    // The leader has ended by itself: what it left behind is killed, or told of.
    if (refusal !== undefined) {
      this.#killRest();
    }
  }

  /** Sends SIGKILL, for a program that ends and can neither wait nor tell. */
  killNow(): void {
    try {
      this.#session.signal(SIGKILL);
    } catch {
      // Another user's: there is nothing that could be done.
    }
  }

  #killRest(): void {
    try {
      this.#session.signal(SIGKILL);
    } catch (error) {
      throw this.#left(error);
    }
  }

  #left(refusal: unknown): Error {
    const why =
      refusal === undefined
        ? `has not ended within ${KILL_LIMIT_MS} ms of SIGKILL`
        : `cannot be killed (${reasonOf(refusal)})`;
    return new Error(`${this.#session.shown} ${why}: it is left, end it yourself`, {
      cause: refusal,
    });
  }

  /** The program has ended when it was reaped, and then its pipes were read. */
  async #awaitEnd(exited: Promise<CommandEnd>, onLeaderEnd: () => void): Promise<CommandEnd> {
    const end = this.#session.leaderEnded(await exited);
    this.#child = undefined;
    onLeaderEnd();
    for (const drain of this.#drains) {
      drain.programEnded();
    }
    await Promise.all(this.#drains.map((drain) => drain.ended));
    return end;
  }

  async #awaitClose(): Promise<void> {
    await this.ended;
    await Promise.all(this.#drains.map((drain) => drain.closed));
    this.#drains = [];
  }
}

/** Resolves when the promise is settled, however it is, and at the latest after `ms`. */
function settledWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(ms, resolve);
    const settle = () => {
      cancel();
      resolve();
    };
    promise.then(settle, settle);
  });
}
