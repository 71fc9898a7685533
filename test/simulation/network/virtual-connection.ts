import type { Connection } from "../../../src/transport/wire.js";
import { Break } from "./break-shapes.js";

/** What a connection carries. */
export interface Carried {
  /** The connection under it ended. */
  lose(why: Break): void;
}

/** A connection of the virtual HTTP/2: which requests share their fate when it ends. */
export class VirtualConnection implements Connection {
  readonly #carried = new Set<Carried>();
  #avoided = false;
  #retired = false;
  #stalled = false;

  /** Whether neither side hears of the other any more. */
  get isStalled(): boolean {
    return this.#stalled;
  }

  get isGone(): boolean {
    return this.#retired;
  }

  /** Whether a request can be put on it; a companion asks about the connection itself. */
  takes(companion: boolean): boolean {
    return !this.#retired && (companion || !this.#avoided);
  }

  /** Puts a request on it; returns how to take it off. */
  carry(request: Carried): () => void {
    this.#carried.add(request);
    return () => this.#carried.delete(request);
  }

  avoid(): void {
    this.#avoided = true;
  }

  destroy(how: string): void {
    this.lose(new Break("connection lost", how));
  }

  /** Takes no further request. Those under way go on, as after a GOAWAY. */
  retire(): void {
    this.#retired = true;
  }

  /** Carries nothing from now on, and tells nobody. */
  stall(): void {
    this.#stalled = true;
  }

  /** Ends every request on it. */
  lose(why: Break): void {
    this.#retired = true;
    for (const request of [...this.#carried]) {
      this.#carried.delete(request);
      request.lose(why);
    }
  }
}
