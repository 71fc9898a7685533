import type { VirtualTime } from "../world/virtual-time.js";
import type { Fate } from "./fates.js";

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What is known of one call afterwards. Times are virtual milliseconds. */
export interface CallEntry {
  readonly id: number;
  readonly method: string;
  readonly fate: Fate;
  readonly began: number;
  ended: number | undefined;
  /** What broke it; undefined where it was answered, and while it is open. */
  error: Error | undefined;
  /** Whether the client let go of it. */
  left: boolean;
  /** When the last byte of an answer came. */
  heard: number | undefined;
}

/** Every call of a schedule, and what else happens in it. */
export class CallLog {
  readonly entries: CallEntry[] = [];
  readonly lines: string[] = [];
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Notes an event. */
  note(text: string): void {
    const when = this.#time.now.toFixed(0).padStart(9);
    // The only thing that is not the same in each run of a seed.
    this.lines.push(`${when} ms  ${text.replaceAll(UUID, "(a random id)")}`);
  }

  /** Notes the beginning of a call. */
  begin(method: string, fate: Fate): CallEntry {
    const entry: CallEntry = {
      id: this.entries.length,
      method,
      fate,
      began: this.#time.now,
      ended: undefined,
      error: undefined,
      left: false,
      heard: undefined,
    };
    this.entries.push(entry);
    this.note(`#${entry.id} ${method}: ${JSON.stringify(fate)}`);
    return entry;
  }

  /** Notes that bytes of the answer reach the client. */
  hear(entry: CallEntry): void {
    entry.heard = this.#time.now;
  }

  /** Notes the end of a call. */
  end(entry: CallEntry, error: Error | undefined): void {
    entry.ended = this.#time.now;
    entry.error = error;
    this.note(`#${entry.id} ${error ? `broken: ${error.message}` : "answered"}`);
  }

  /** The calls of a method, and by default those of every method. */
  of(method?: string): CallEntry[] {
    return this.entries.filter((entry) => method === undefined || entry.method === method);
  }
}
