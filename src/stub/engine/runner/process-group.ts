import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { systemErrorCode } from "../refusals.js";
import type { CommandEnd } from "./runner.js";

/** The process group of a program, and of every descendant that did not leave it. */
export class ProcessGroup {
  /** The id of the group, which is its leader's. */
  readonly id: number;
  #leaderEnded = false;
  #gone = false;
  /** The signal that ended the leader, if Node has no name for it. */
  #unnamed: number | undefined;

  /** @param id the process id of the group's leader. */
  constructor(id: number) {
    this.id = id;
  }

  /**
   * Call it in the turn in which the leader was reaped: from then on its id may be given anew.
   * @param end how Node says that the leader has ended.
   * @returns how it has ended.
   */
  leaderEnded(end: CommandEnd): CommandEnd {
    this.#leaderEnded = true;
    this.#gone = !exists(-this.id);
    const unnamed = this.#unnamed;
    return unnamed !== undefined && "exitCode" in end && end.exitCode === 0
      ? { signal: unnamed }
      : end;
  }

  /** Whether the leader was reaped. */
  get hasLeaderEnded(): boolean {
    return this.#leaderEnded;
  }

  /** Whether no member was left when the leader had ended, or since. */
  get isGone(): boolean {
    return this.#gone;
  }

  /**
   * Sends a signal to every member.
   * @returns whether there was one that it could be sent to.
   * @throws the system's error where there are members and none can be sent it: EPERM where they
   * became another user's, EINVAL where the machine has no such signal.
   */
  signal(signal: number): boolean {
    // While a group has members its id is not given to a new process. So a process with the id of
    // the leader that we reaped means that the group has gone, and that its id is somebody else's.
    if (this.#leaderEnded && !this.#gone) {
      this.#gone = exists(this.id);
    }
    if (this.#gone) {
      return false;
    }
    if (!this.#leaderEnded && endsUnnamed(this.id, signal)) {
      this.#unnamed ??= signal;
    }
    const sent = send(-this.id, signal);
    if (!sent && this.#leaderEnded) {
      this.#gone = true;
    }
    return sent;
  }
}

/** Whether there was a process to send it to. */
function send(target: number, signal: number): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (systemErrorCode(error) === "ESRCH") {
      return false;
    }
    throw error;
  }
}

function exists(target: number): boolean {
  try {
    return send(target, 0);
  } catch {
    // One that we may not send a signal to is there.
    return true;
  }
}

const NAMED: ReadonlySet<number> = new Set(Object.values(constants.signals));

/**
 * Whether this signal would end the process in a way that Node cannot tell: it reports a death by
 * a signal without a name (Linux's real-time signals, 32 to 64) as exit code 0.
 */
function endsUnnamed(pid: number, signal: number): boolean {
  if (NAMED.has(signal)) {
    return false;
  }
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return false;
  }
  const bit = 1n << BigInt(signal - 1);
  return ["SigBlk", "SigIgn", "SigCgt"].every((mask) => {
    const hex = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1];
    return hex !== undefined && (BigInt(`0x${hex}`) & bit) === 0n;
  });
}
