import { OutputGapError } from "../../errors/output-gap-error.js";
import { ReplayStalledError } from "../../errors/replay-stalled-error.js";
import type { Replay } from "./replay.js";

const MOST_SHORT_REPLAYS = 3;

/** Notices replays that never get to the position reached before, over several streams. */
export class ReplayWatch {
  readonly #processName: string;
  #shortReplays = 0;
  #shortestEnd: string | undefined;

  constructor(processName: string) {
    this.#processName = processName;
  }

  /** Forgets what was: there were new bytes. */
  progress(): void {
    this.#shortReplays = 0;
    this.#shortestEnd = undefined;
  }

  /**
   * Counts a stream that broke in its replay.
   *
   * @throws ReplayStalledError at the third one in a row.
   */
  broken(replay: Replay | undefined, cause: unknown): void {
    if (!replay?.began || !replay.shortStream()) {
      return;
    }
    this.#shortReplays += 1;
    if (this.#shortReplays >= MOST_SHORT_REPLAYS) {
      throw new ReplayStalledError(this.#processName, this.#shortReplays, { cause });
    }
  }

  /**
   * Notes a replay of a finished process that ended cleanly, and too early. Once, a proxy can have
   * cut it; twice at the same byte, the server has no more.
   *
   * @throws OutputGapError the second time.
   */
  endedShort(replay: Replay): void {
    const short = replay.shortStream();
    const end = JSON.stringify(replay.replayed());
    if (short && end === this.#shortestEnd) {
      throw new OutputGapError(
        this.#processName,
        "the server's replay ends before what it had sent earlier",
        { stream: short.stream, fromByte: short.replayed, toByte: short.known },
      );
    }
    this.#shortestEnd = end;
  }
}
