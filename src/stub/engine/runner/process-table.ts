import { readdirSync, readFileSync } from "node:fs";

/** A process of this machine, as /proc has it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** In ticks since the machine was started. With the id, it names one process for ever. */
  readonly startTime: string;
}

/** The processes of this machine at one moment, zombies left out. */
export class ProcessTable {
  readonly #byId = new Map<number, ProcessEntry>();
  readonly #bySession = new Map<number, ProcessEntry[]>();

  constructor(entries: Iterable<ProcessEntry>) {
    for (const entry of entries) {
      this.#byId.set(entry.pid, entry);
      const members = this.#bySession.get(entry.session);
      if (members === undefined) {
        this.#bySession.set(entry.session, [entry]);
      } else {
        members.push(entry);
      }
    }
  }

  /** The process with this id. */
  get(pid: number): ProcessEntry | undefined {
    return this.#byId.get(pid);
  }

  /** The processes of a session. */
  membersOf(session: number): readonly ProcessEntry[] {
    return this.#bySession.get(session) ?? [];
  }
}

let table: ProcessTable | undefined;

/**
 * The processes as they are now; undefined on a machine without /proc. All who ask in the same turn
 * get the same answer: an engine that ends a thousand processes at once looks once.
 */
export function readProcessTable(): ProcessTable | undefined {
  if (table === undefined) {
    let names: string[];
    try {
      names = readdirSync("/proc");
    } catch {
      return undefined;
    }
    const entries = names
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readProcessEntry(Number(name)))
      .filter((entry) => entry !== undefined);
    if (entries.length === 0) {
      return undefined;
    }
    table = new ProcessTable(entries);
    setImmediate(() => {
      table = undefined;
    });
  }
  return table;
}

/** The process with this id; undefined where there is none but a zombie, or no /proc. */
export function readProcessEntry(pid: number): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The second field is a name in parentheses, which can hold anything: see proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group, session] = fields;
  const startTime = fields[19];
  if (startTime === undefined || state === "Z" || state === "X") {
    return undefined;
  }
  return { pid, group: Number(group), session: Number(session), startTime };
}
