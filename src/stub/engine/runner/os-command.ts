import { constants } from "node:os";
import type { Clock } from "../clock.js";
import { reasonOf } from "../refusals.js";
import type { SpawnedChild } from "./child-processes.js";
import type { PipeDrain } from "./pipe-drain.js";
import { ProcessGroup } from "./process-group.js";
import type { CommandEnd, RunningCommand } from "./runner.js";

const { SIGKILL } = constants.signals;

/** How long a program may take to end after SIGKILL, its output included. */
const KILL_LIMIT_MS = 5_000;

/** A program of this machine, with its process group and its pipes. */
export class OsCommand implements RunningCommand {
  readonly ended: Promise<CommandEnd>;
  /** Resolves when the program has ended and nobody holds its pipes any more. */
  readonly pipesClosed: Promise<void>;
  readonly #group: ProcessGroup;
  /** Undefined once it was reaped: Node's objects of it are large, and processes are kept for long. */
  #child: SpawnedChild | undefined;
  /** None once they are closed, likewise. */
  #drains: readonly PipeDrain[];
  readonly #clock: Clock;

  constructor(child: SpawnedChild, drains: readonly PipeDrain[], clock: Clock) {
    this.#child = child;
    this.#group = new ProcessGroup(child.pid);
    this.#drains = drains;
    this.#clock = clock;
    this.ended = this.#awaitEnd(child.exited);
    this.pipesClosed = this.#awaitClose();
  }

  /** Whether nothing of the group is known to be left. */
  get isGone(): boolean {
    return this.#group.isGone;
  }

  signal(signal: number): boolean {
    return this.#group.signal(signal);
  }

  async kill(): Promise<void> {
    let refusal: unknown;
    try {
      this.#group.signal(SIGKILL);
    } catch (error) {
      refusal = error;
    }
    await settledWithin(this.ended, KILL_LIMIT_MS, this.#clock);
    for (const drain of this.#drains) {
      drain.giveUp();
    }
    if (!this.#group.hasLeaderEnded) {
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
      this.#group.signal(SIGKILL);
    } catch {
      // Another user's: there is nothing that could be done.
    }
  }

  #killRest(): void {
    try {
      this.#group.signal(SIGKILL);
    } catch (error) {
      throw this.#left(error);
    }
  }

  #left(refusal: unknown): Error {
    const why =
      refusal === undefined
        ? `has not ended within ${KILL_LIMIT_MS} ms of SIGKILL`
        : `cannot be killed (${reasonOf(refusal)})`;
    return new Error(`the process group ${this.#group.id} ${why}: it is left, end it yourself`, {
      cause: refusal,
    });
  }

  /** The program has ended when it was reaped, and then its pipes were read. */
  async #awaitEnd(exited: Promise<CommandEnd>): Promise<CommandEnd> {
    const end = this.#group.leaderEnded(await exited);
    this.#child = undefined;
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
