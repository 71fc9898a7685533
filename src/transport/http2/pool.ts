import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { Code } from "@connectrpc/connect";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import { cannotConnect } from "../failures.js";
import { Dials, type DialsOptions, dialsWanted } from "./dials.js";
import { type Room, Session } from "./session.js";
import { type PoolRequest, type StreamWishes, WaitingRequests } from "./waiting-requests.js";

/** What a pool needs. */
export interface PoolOptions extends DialsOptions {
  /**
   * The most connections that take requests. One that is drained, or avoided, does not count.
   * @default 128, enough for 10,000 followers where a server allows 100 streams
   */
  readonly maxConnections?: number | undefined;
}

/** A stream, and the connection that carries it. */
export interface OpenedStream {
  readonly stream: ClientHttp2Stream;
  readonly connection: Session;
}

const MAX_CONNECTIONS = 128;

/**
 * The HTTP/2 sessions to one server. A request gets a stream of a session that has room, at once if
 * there is one; else it waits in line while more are opened, as many as those in line need.
 */
export class SessionPool {
  readonly #options: PoolOptions;
  readonly #maxConnections: number;
  // Those that take requests; by what they have room for, those with none in neither.
  readonly #sessions = new Map<Session, Room>();
  readonly #withRoom = new Set<Session>();
  readonly #withShortRoom = new Set<Session>();
  // Drained ones belong to the streams on them only.
  readonly #drained = new Set<Session>();
  readonly #waiting = new WaitingRequests();
  readonly #dials: Dials;
  // Of the latest settings; undefined where nothing is known.
  #streamLimit: number | undefined;
  #avoided = 0;
  #serving = false;
  #timer: NodeJS.Timeout | undefined;
  #closed: Failure | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.#dials = new Dials(options, {
      connected: (session) => this.#welcome(session),
      failed: (failure) => {
        failEach(this.#waiting.take(), failure);
        this.#adjust();
      },
    });
  }

  /** Starts a request as soon as a session has room for it: at once where one has. */
  submit(request: PoolRequest): void {
    if (this.#closed) {
      request.fail(this.#closed);
    } else if (request.limit.isEnded) {
      request.fail(NOT_SENT);
    } else if (!this.#start(request)) {
      this.#wait(request);
    }
  }

  /**
   * Sends the headers of a request as soon as a session has room for it. Whoever gets the stream must
   * listen to it at once.
   *
   * @throws FailureThrown if it was not sent.
   */
  open(headers: OutgoingHttpHeaders, wishes: StreamWishes): Promise<OpenedStream> {
    return new Promise((resolve, reject) => {
      this.submit({
        ...wishes,
        start(session) {
          const { long } = wishes;
          const stream = session.open(headers, long);
          // Whoever gets it cannot listen before the next microtask.
          stream.on("error", ignore);
          stream.once("close", () => session.release(stream, long));
          resolve({ stream, connection: session });
        },
        fail: (failure) => reject(new FailureThrown(failure)),
      });
    });
  }

  /** Ends every request with `failure`, and refuses those that follow. */
  close(failure: Failure): void {
    this.#closed ??= failure;
    this.#dials.close(failure);
    failEach([...this.#waiting.take(), ...this.#waiting.takeCompanions()], failure);
    for (const session of [...this.#sessions.keys(), ...this.#drained]) {
      session.end(failure);
    }
  }

  /** @returns whether it is not to wait: it has a stream, or can have none. */
  #start(request: PoolRequest): boolean {
    const companion = this.#companion(request);
    if (companion?.hasRoomForCompanion(request.long) && this.#startOn(companion, request)) {
      return true;
    }
    if (companion && !companion.isGone) {
      return false;
    }
    for (;;) {
      const session =
        first(this.#withRoom) ?? (request.long ? undefined : first(this.#withShortRoom));
      if (!session) {
        return false;
      }
      if (!session.retireIfStale() && this.#startOn(session, request)) {
        return true;
      }
    }
  }

  /** @returns false if the session ended a moment ago: nothing was sent, and another one will do. */
  #startOn(session: Session, request: PoolRequest): boolean {
    try {
      request.start(session);
    } catch (error) {
      if (session.hasEnded) {
        session.retire();
        return false;
      }
      const message = `the request cannot be sent: ${error instanceof Error ? error.message : error}`;
      request.fail({ kind: "local", code: Code.Internal, message, cause: error });
    }
    return true;
  }

  /**
   * The session that a request wants to be with. It is waited for where some streams are kept for
   * short ones, because such a stream is free again soon.
   */
  #companion({ affinity }: PoolRequest): Session | undefined {
    return affinity instanceof Session && affinity.keepsRoom && this.#sessions.has(affinity)
      ? affinity
      : undefined;
  }

  #wait(request: PoolRequest): void {
    const companion = this.#companion(request);
    const stopListening = request.limit.onEnd(() => {
      request.leave?.();
      request.fail(NOT_SENT);
      this.#adjust();
    });
    const leave = this.#waiting.join(request, companion);
    request.leave = () => {
      request.leave = undefined;
      stopListening();
      leave();
    };
    this.#adjust();
  }

  /** Files a session by the room on it, and gives that to those who wait. */
  #changed(session: Session): void {
    const room = session.room;
    const before = this.#sessions.get(session);
    if (before === undefined) {
      return;
    }
    if (room !== before) {
      this.#sessions.set(session, room);
      this.#file(session, room);
    }
    // To start a request changes its session, too, for which nobody else can be served.
    if (!this.#waiting.isEmpty && !this.#serving) {
      this.#serving = true;
      this.#serve(session);
      this.#serving = false;
      this.#adjust();
    }
  }

  #file(session: Session, room: Room): void {
    this.#withRoom.delete(session);
    this.#withShortRoom.delete(session);
    if (room !== "none") {
      (room === "any" ? this.#withRoom : this.#withShortRoom).add(session);
    }
  }

  #serve(session: Session): void {
    const next = () => this.#waiting.next(session);
    for (let request = next(); request; request = next()) {
      request.leave?.();
      if (!this.#startOn(session, request)) {
        this.submit(request);
      }
    }
  }

  /** Brings dials and the timer in line with who waits. */
  #adjust(): void {
    const waiting = this.#waiting.size;
    if (!this.#closed) {
      const demand = {
        waiting,
        waitingLong: this.#waiting.longSize,
        connections: this.#sessions.size - this.#avoided,
        maxConnections: this.#maxConnections,
        streamLimit: this.#streamLimit,
      };
      this.#dials.start(dialsWanted(demand));
    }
    this.#dials.wanted = waiting > 0;
    if (waiting === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#startTimer();
    }
  }

  #welcome(session: Session): void {
    if (this.#closed) {
      session.end(this.#closed);
      return;
    }
    this.#sessions.set(session, "none");
    session.http2.once("close", () => this.#drained.delete(session));
    let avoided = false;
    const noteAvoided = () => {
      if (avoided !== (session.isAvoided && this.#sessions.has(session))) {
        avoided = !avoided;
        this.#avoided += avoided ? 1 : -1;
      }
    };
    session.watch({
      changed: () => {
        this.#streamLimit = session.limit;
        noteAvoided();
        this.#changed(session);
      },
      gone: () => {
        this.#file(session, "none");
        this.#sessions.delete(session);
        noteAvoided();
        if (session.limit === 0) {
          this.#streamLimit = undefined;
        }
        if (!session.http2.destroyed) {
          this.#drained.add(session);
        }
        // Those who waited for it wait for any.
        for (const request of this.#waiting.takeCompanions(session)) {
          this.submit(request);
        }
        this.#adjust();
      },
    });
    if (!session.isGone) {
      this.#streamLimit = session.limit;
      this.#changed(session);
    }
    this.#adjust();
  }

  #startTimer(since = performance.now()): void {
    const { connectTimeoutMs } = this.#options;
    const leftMs = Math.max(1, Math.ceil(since + connectTimeoutMs - performance.now()));
    // Whatever is waited for keeps the program alive: the requests that run, or a dial.
    this.#timer ??= setTimeout(() => this.#expire(), leftMs).unref();
  }

  /** Fails those who have waited for too long, unless a dial is under way that may be for them. */
  #expire(): void {
    this.#timer = undefined;
    if (this.#dials.isHopeful) {
      this.#startTimer();
      return;
    }
    const failure = this.#dials.failure ?? this.#noRoom();
    failEach(this.#waiting.take(performance.now() - this.#options.connectTimeoutMs), failure);
    const { since } = this.#waiting;
    if (since !== undefined) {
      this.#startTimer(since);
    }
    this.#adjust();
  }

  #noRoom(): Failure {
    const { address, connectTimeoutMs } = this.#options;
    if (this.#streamLimit === 0) {
      const text = `its HTTP/2 settings allow no streams (MAX_CONCURRENT_STREAMS is 0), and did so for ${connectTimeoutMs} ms`;
      return cannotConnect({ text }, address);
    }
    let streams = 0;
    for (const session of this.#sessions.keys()) {
      streams += session.isAvoided ? 0 : session.streams;
    }
    const message = `no connection to ${address.origin} had room for the call within ${connectTimeoutMs} ms: ${this.#maxConnections} connections are open, the most that maxConnections allows, with ${streams} calls on them, and the server allows ${this.#streamLimit} on each; raise maxConnections, or run fewer followers and waits at a time`;
    // Local: it is certain that nothing was sent, and the call has waited already; to wait again and
    // again would be the silence that this ends.
    return { kind: "local", code: Code.ResourceExhausted, message };
  }
}

const NOT_SENT: Failure = {
  kind: "local",
  code: Code.Canceled,
  message: "the call ended before it was sent",
};

function ignore(): void {}

function first<T>(set: Set<T>): T | undefined {
  for (const one of set) {
    return one;
  }
  return undefined;
}

function failEach(requests: readonly PoolRequest[], failure: Failure): void {
  for (const request of requests) {
    request.fail(failure);
  }
}
