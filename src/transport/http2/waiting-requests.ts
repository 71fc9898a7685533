import type { Limit } from "../../async/limit.js";
import type { Failure } from "../../errors/outcome.js";
import type { Connection } from "../wire.js";
import type { Session } from "./session.js";

/** What a request wants of the pool. */
export interface StreamWishes {
  /** Whether it stays open until a process does something. */
  readonly long: boolean;
  /** Goes over this connection if that still takes calls. */
  readonly affinity: Connection | undefined;
  /** Its end takes the request out of the line. */
  readonly limit: Limit;
}

/** A request that wants a stream. Either `start` or `fail` is called, once. */
export interface PoolRequest extends StreamWishes {
  /** Opens its stream. Throws what Node throws if the session has just ended. */
  start(session: Session): void;
  /** Nothing was sent, and nothing will be. */
  fail(failure: Failure): void;
  /** For the pool: takes it out of the line. */
  leave?: (() => void) | undefined;
}

/** A place in a line. */
interface Place<T> {
  readonly value: T;
  /** When it was taken, by `performance.now()`. */
  readonly since: number;
}

interface Node<T> extends Place<T> {
  before: Node<T> | undefined;
  after: Node<T> | undefined;
  gone: boolean;
}

/**
 * Who waits, first come first served; anyone can leave at once. Not a Set: where ten thousand have
 * left a Set from its front, finding the first of those that are left passes all their holes.
 */
class Line<T> {
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Place<T> | undefined {
    return this.#first;
  }

  /**
   * Joins the line at its end.
   *
   * @returns a function that leaves it, and does nothing the second time.
   */
  join(value: T, since: number): () => void {
    const node: Node<T> = { value, since, before: this.#last, after: undefined, gone: false };
    if (this.#last) {
      this.#last.after = node;
    } else {
      this.#first = node;
    }
    this.#last = node;
    this.#size += 1;
    return () => this.#leave(node);
  }

  #leave(node: Node<T>): void {
    if (node.gone) {
      return;
    }
    node.gone = true;
    if (node.before) {
      node.before.after = node.after;
    } else {
      this.#first = node.after;
    }
    if (node.after) {
      node.after.before = node.before;
    } else {
      this.#last = node.before;
    }
    this.#size -= 1;
  }
}

/**
 * The requests that wait for a stream, first come first served: for one of any connection, or for
 * one of the connection that they are to be with.
 */
export class WaitingRequests {
  readonly #short = new Line<PoolRequest>();
  readonly #long = new Line<PoolRequest>();
  readonly #companions = new Map<Session, Line<PoolRequest>>();

  /** How many wait for any connection. */
  get size(): number {
    return this.#short.size + this.#long.size;
  }

  /** How many of these are long. */
  get longSize(): number {
    return this.#long.size;
  }

  /** Since when the first of these waits. */
  get since(): number | undefined {
    return earlier(this.#short.first, this.#long.first)?.since;
  }

  /** Whether nobody waits, not even for one connection. */
  get isEmpty(): boolean {
    return this.size === 0 && this.#companions.size === 0;
  }

  /**
   * Joins the end of a line.
   *
   * @param companion the connection to wait for.
   * @returns a function that leaves it, and does nothing the second time.
   */
  join(request: PoolRequest, companion: Session | undefined): () => void {
    const now = performance.now();
    if (companion === undefined) {
      return (request.long ? this.#long : this.#short).join(request, now);
    }
    const line = this.#companions.get(companion) ?? new Line<PoolRequest>();
    this.#companions.set(companion, line);
    const leave = line.join(request, now);
    return () => {
      leave();
      if (line.size === 0 && this.#companions.get(companion) === line) {
        this.#companions.delete(companion);
      }
    };
  }

  /** Who comes next on a connection, as far as it has room. */
  next(session: Session): PoolRequest | undefined {
    const companion = this.#companions.get(session)?.first?.value;
    if (companion && !session.isGone && session.hasRoomForCompanion(companion.long)) {
      return companion;
    }
    switch (session.room) {
      case "none":
        return undefined;
      case "short":
        return this.#short.first?.value;
      case "any":
        return earlier(this.#short.first, this.#long.first)?.value;
    }
  }

  /**
   * Takes those out who wait for any connection, and came before a time: all of them before anything
   * is told, which may bring others into the line.
   */
  take(before = Number.POSITIVE_INFINITY): PoolRequest[] {
    return [...taken(this.#short, before), ...taken(this.#long, before)];
  }

  /** Takes those out who wait for one connection; without one, for any single one. */
  takeCompanions(session?: Session): PoolRequest[] {
    const lines = session ? [this.#companions.get(session)] : [...this.#companions.values()];
    return lines.flatMap((line) => (line ? taken(line) : []));
  }
}

function earlier<T>(a: Place<T> | undefined, b: Place<T> | undefined): Place<T> | undefined {
  return a && b ? (a.since <= b.since ? a : b) : (a ?? b);
}

function taken(line: Line<PoolRequest>, before = Number.POSITIVE_INFINITY): PoolRequest[] {
  const requests: PoolRequest[] = [];
  for (let place = line.first; place && place.since <= before; place = line.first) {
    place.value.leave?.();
    requests.push(place.value);
  }
  return requests;
}
