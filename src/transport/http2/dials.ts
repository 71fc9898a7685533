import { AsyncResource } from "node:async_hooks";
import { ConnectionTrace } from "../../diagnostics/channels.js";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import { connectFailure, connectionError } from "../failures.js";
import { PendingConnection } from "../socket/pending-connection.js";
import { openSession, type SessionOptions } from "./open-session.js";
import { type Session, shortCallReserve } from "./session.js";

/** What dials need. */
export interface DialsOptions extends SessionOptions {
  /** How long a connection may take, and a request may wait for room on one. */
  readonly connectTimeoutMs: number;
}

/** Gets to know what becomes of dials. */
export interface DialsListener {
  connected(session: Session): void;
  /** The last dial under way has failed, so that nothing comes for those who wait. */
  failed(failure: Failure): void;
}

/** What tells how many dials there are to be. */
export interface Demand {
  /** How many requests wait for any connection. */
  readonly waiting: number;
  /** How many of them are long. */
  readonly waitingLong: number;
  /** How many connections take requests. */
  readonly connections: number;
  readonly maxConnections: number;
  /** How many streams the server allowed lately; undefined where nothing is known. */
  readonly streamLimit: number | undefined;
}

// Enough to have 10,000 streams at once after a second or two; a server, or a proxy, may take more
// handshakes at a time for an attack.
const MOST_DIALS = 8;

/** How many dials are to be under way. */
export function dialsWanted(demand: Demand): number {
  const { waiting, waitingLong, connections, maxConnections, streamLimit } = demand;
  if (waiting === 0 || connections >= maxConnections) {
    return 0;
  }
  if (streamLimit === undefined) {
    return 1;
  }
  if (streamLimit === 0) {
    // That is legal for a moment (RFC 9113, section 6.5.2); another connection would not help.
    return connections === 0 ? 1 : 0;
  }
  const forLong = waitingLong / (streamLimit - shortCallReserve(streamLimit));
  const needed = Math.ceil(Math.max(forLong, waiting / streamLimit)) || 1;
  return Math.min(needed, MOST_DIALS, maxConnections - connections);
}

/** The connections of a pool that are being made. */
export class Dials {
  readonly #options: DialsOptions;
  readonly #listener: DialsListener;
  readonly #underWay = new Set<PendingConnection<Session>>();
  // What outlives the request that needs it first must not hold on to that request.
  readonly #outside = new AsyncResource("Http2SessionPool");
  #failure: Failure | undefined;

  constructor(options: DialsOptions, listener: DialsListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Why a dial has failed, while others are under way that may do better. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether a connection may come for those who wait. */
  get isHopeful(): boolean {
    return this.#underWay.size > 0 && !this.#failure;
  }

  /** Starts dials until `count` are under way; none once one has failed, until all have ended. */
  start(count: number): void {
    for (let more = count - this.#underWay.size; more > 0 && !this.#failure; more -= 1) {
      this.#outside.runInAsyncScope(() => this.#dial());
    }
  }

  /** Whether somebody waits: only then dials keep the program alive. */
  set wanted(wanted: boolean) {
    for (const dial of this.#underWay) {
      dial.wanted = wanted;
    }
  }

  /** Gives all of them up. */
  close(failure: Failure): void {
    for (const dial of this.#underWay) {
      dial.abort(new FailureThrown(failure));
    }
  }

  #dial(): void {
    const { address, connectTimeoutMs } = this.#options;
    const dial = new PendingConnection({
      address,
      connectTimeoutMs,
      connect: (signal, onSocket) => openSession({ ...this.#options, onSocket }, signal),
    });
    this.#underWay.add(dial);
    const trace = new ConnectionTrace("2", address);
    dial.result.then(
      (session) => {
        this.#underWay.delete(dial);
        this.#failure = undefined;
        trace.opened();
        const { http2 } = session;
        http2.once("close", () => trace.closed());
        if (http2.destroyed) {
          trace.closed();
        }
        this.#listener.connected(session);
      },
      (error: unknown) => {
        this.#underWay.delete(dial);
        const failure = connectFailure(error, address);
        trace.failed(connectionError(failure));
        this.#failure = this.#underWay.size > 0 ? failure : undefined;
        if (!this.#failure) {
          this.#listener.failed(failure);
        }
      },
    );
  }
}
