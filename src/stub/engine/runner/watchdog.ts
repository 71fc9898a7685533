import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type SpawnedWatchdog, spawnWatchdog } from "./child-processes.js";

/** What one line of the register has: three numbers of 20 digits at most, and what parts them. */
const LINE_BYTES = 64;

/** What the watchdog is told about a session. */
export interface WatchedSession {
  /** The leader was reaped: the session counts until a process with its id is seen. */
  leaderEnded(): void;
  /** The session counts for as long as this member is there. */
  keptBy(pid: number, startTime: string): void;
  /** Nothing is left of it. */
  gone(): void;
}

/**
 * A process of its own that ends a stub's processes and removes its directory when this program, or
 * the thread that made it, ends without: by SIGKILL, a signal that nobody handles, or
 * `worker.terminate()`, where no code of ours runs.
 *
 * It waits for the end of a pipe that it holds with us, and reads only then what is to be ended, in a
 * register: a file that has no name any more, with one line for each session.
 */
export class Watchdog {
  readonly #register: number;
  readonly #process: SpawnedWatchdog;
  readonly #freeLines: number[] = [];
  #lines = 0;
  #closed = false;

  /** @param directory what to remove with everything inside. The stub has made it. */
  constructor(directory: string) {
    const path = join(directory, "processes");
    this.#register = openSync(path, "wx", 0o600);
    try {
      this.#process = spawnReader(directory, path);
    } catch (error) {
      closeSync(this.#register);
      throw error;
    }
  }

  /**
   * Ends this session with the program.
   * @param startTime of its leader; empty where the machine does not tell.
   */
  watch(session: number, startTime: string): WatchedSession {
    const line = this.#freeLines.pop() ?? this.#lines++;
    let known = true;
    this.#write(line, `${session} ${session} ${startTime === "" ? "-" : startTime}`);
    return {
      leaderEnded: () => this.#write(line, `${session} - -`),
      keptBy: (pid, since) => this.#write(line, `${session} ${pid} ${since}`),
      gone: () => {
        if (known) {
          known = false;
          this.#write(line, "");
          this.#freeLines.push(line);
        }
      },
    };
  }

  /** Ends it, when all is done that it is there for. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    closeSync(this.#register);
    await this.#process.kill();
  }

  #write(line: number, text: string): void {
    if (this.#closed) {
      return;
    }
    try {
      writeSync(this.#register, `${text.padEnd(LINE_BYTES - 1)}\n`, line * LINE_BYTES);
    } catch {
      // The disk is full. The process itself must not fail for it: close() ends it all the same.
    }
  }
}

function spawnReader(directory: string, path: string): SpawnedWatchdog {
  let reading: number;
  try {
    // An offset of its own, and no name: a directory that is emptied under us takes nothing away.
    reading = openSync(path, "r");
  } finally {
    unlinkSync(path);
  }
  try {
    return spawnWatchdog(directory, reading);
  } finally {
    closeSync(reading);
  }
}
