import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { systemErrorCode } from "../refusals.js";
import { type ProcessTable, readProcessEntry, readProcessTable } from "./process-table.js";
import type { CommandEnd } from "./runner.js";
import type { WatchedSession } from "./watchdog.js";

const { SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM } = constants.signals;

/**
 * What ends a program goes to each process group of its session: GNU `timeout` and `set -m` move
 * children into groups of their own. Never to single processes: who gets a SIGINT twice, from the
 * terminal's group and by itself, takes the second one for a forced exit. All others, such as SIGUSR1,
 * would end what does not expect them, and go to the program's own group.
 */
const FOR_ALL: ReadonlySet<number> = new Set([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGKILL]);

/** Tells the watchdog about a session; undefined where there is none to tell. */
export type WatchSession = (id: number, startTime: string) => WatchedSession | undefined;

/**
 * The session of a program: the program itself, and every descendant that did not leave it (`setsid`).
 * On a machine without /proc, it is the program's process group only.
 */
export class ProcessSession {
  /** The id of the session and of its first group, which is its leader's. */
  readonly id: number;
  readonly #watched: WatchedSession | undefined;
  #leaderEnded = false;
  #gone = false;
  #killed = false;
  /**
   * Once the leader was reaped: the members that were last seen. One that is still there has kept the
   * session's id from being given to a new process. Undefined until they were looked for.
   */
  #witnesses: readonly { readonly pid: number; readonly startTime: string }[] | undefined;
  /** The one that the watchdog knows. */
  #keptBy: number | undefined;
  /** The signal that ended the leader, if Node has no name for it. */
  #unnamed: number | undefined;

  /**
   * @param id the process id of the session's leader, which was just started.
   * @param watch tells the watchdog about it.
   */
  constructor(id: number, watch: WatchSession) {
    this.id = id;
    this.#watched = watch(id, readProcessEntry(id)?.startTime ?? "");
  }

  /**
   * Call it in the turn in which the leader was reaped: from then on its id may be given anew.
   * `review` has to follow soon.
   * @param end how Node says that the leader has ended.
   * @returns how it has ended.
   */
  leaderEnded(end: CommandEnd): CommandEnd {
    this.#leaderEnded = true;
    this.#watched?.leaderEnded();
    const unnamed = this.#unnamed;
    return unnamed !== undefined && "exitCode" in end && end.exitCode === 0
      ? { signal: unnamed }
      : end;
  }

  /** Whether the leader was reaped. */
  get hasLeaderEnded(): boolean {
    return this.#leaderEnded;
  }

  /** What error texts call it. */
  get shown(): string {
    const kind = readProcessTable() === undefined ? "process group" : "session";
    return `the ${kind} ${this.id}`;
  }

  /**
   * Looks whether anything is left after the leader's end, and kills what was started while the
   * session was being killed.
   * @returns whether nothing is left, for good.
   */
  review(): boolean {
    if (!this.#leaderEnded || this.#gone) {
      return this.#gone;
    }
    const processes = readProcessTable();
    if (processes === undefined) {
      this.#noteGone(exists(this.id) || !exists(-this.id));
      return this.#gone;
    }
    const members = this.#members(processes);
    const [oldest] = members;
    if (oldest === undefined) {
      this.#noteGone(true);
    } else {
      this.#witnesses = members;
      if (this.#keptBy !== oldest.pid) {
        this.#keptBy = oldest.pid;
        this.#watched?.keptBy(oldest.pid, oldest.startTime);
      }
    }
    if (this.#killed && !this.#gone) {
      try {
        this.signal(SIGKILL);
      } catch {
        // kill() has told of it, or will.
      }
    }
    return this.#gone;
  }

  /**
   * Sends a signal to every member, or, if it is none that ends programs, to those of the leader's
   * group.
   * @returns whether there was one that it could be sent to.
   * @throws the system's error where there are members and none can be sent it: EPERM where they
   * became another user's, EINVAL where the machine has no such signal.
   */
  signal(signal: number): boolean {
    this.#killed ||= signal === SIGKILL;
    if (this.#gone) {
      return false;
    }
    if (!this.#leaderEnded && endsUnnamed(this.id, signal)) {
      this.#unnamed ??= signal;
    }
    let sent = false;
    let refusal: unknown;
    for (const group of this.#groups(signal)) {
      try {
        sent = send(-group, signal) || sent;
      } catch (error) {
        refusal ??= error;
      }
    }
    if (!sent && refusal !== undefined) {
      throw refusal;
    }
    if (!sent && this.#leaderEnded) {
      this.#noteGone(true);
    }
    return sent;
  }

  #groups(signal: number): Iterable<number> {
    const processes = FOR_ALL.has(signal) || this.#leaderEnded ? readProcessTable() : undefined;
    if (processes === undefined) {
      // While a group has members its id is not given to a new process: one with the id of the
      // leader that we reaped means that the group has gone, and that its id is somebody else's.
      return this.#leaderEnded && exists(this.id) ? [] : [this.id];
    }
    const groups = this.#members(processes).map(({ group }) => group);
    // As long as nobody has reaped the leader, there is its group.
    return new Set(this.#leaderEnded ? groups : [this.id, ...groups]);
  }

  /** The members, oldest first. */
  #members(processes: ProcessTable): { pid: number; startTime: string; group: number }[] {
    if (this.#leaderEnded) {
      const stranger = processes.get(this.id) !== undefined;
      const lost = this.#witnesses?.every(
        ({ pid, startTime }) => processes.get(pid)?.startTime !== startTime,
      );
      if (stranger || lost === true) {
        // Daemons are sessions without a leader, too, so that one with this id may be anybody's.
        return [];
      }
    }
    return [...processes.membersOf(this.id)].sort(
      (one, other) => Number(one.startTime) - Number(other.startTime),
    );
  }

  #noteGone(gone: boolean): void {
    if (gone) {
      this.#gone = true;
      this.#watched?.gone();
    }
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
