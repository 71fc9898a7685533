import { AsyncResource } from "node:async_hooks";
import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { Code } from "@connectrpc/connect";
import type { Limit } from "../../async/limit.js";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import { cannotConnect, connectFailure } from "../failures.js";
import { PendingConnection } from "../socket/pending-connection.js";
import type { Connection } from "../wire.js";
import { Line, type Place } from "./line.js";
import { openSession, type SessionOptions } from "./open-session.js";
import { type Room, Session, shortCallReserve } from "./session.js";

/** What a pool needs. */
export interface PoolOptions extends SessionOptions {
  /** How long a connection may take, and a call may wait for room on one. */
  readonly connectTimeoutMs: number;
  /**
   * The most connections that take calls. One that is drained, or avoided, does not count.
   * @default 128, enough for 10,000 followers where a server allows 100 streams
   */
  readonly maxConnections?: number | undefined;
}

/** What a call wants of the pool. */
export interface StreamWishes {
  /** Whether it stays open until a process does something. */
  readonly long: boolean;
  /** Goes over this connection if that still takes calls. */
  readonly affinity: Connection | undefined;
  /** Its end takes the call out of the line. */
  readonly limit: Limit;
}

/** A call that wants a stream. Either `start` or `fail` is called, once. */
export interface PoolCall extends StreamWishes {
  /** Opens its stream. Throws what Node throws if the session has just ended. */
  start(session: Session): void;
  /** Nothing was sent, and nothing will be. */
  fail(failure: Failure): void;
  /** For the pool: takes it out of the line. */
  leave?: (() => void) | undefined;
}

/** A stream, and the connection that carries it. */
export interface OpenedStream {
  readonly stream: ClientHttp2Stream;
  readonly connection: Session;
}

const MAX_CONNECTIONS = 128;
// Enough to have 10,000 streams at once after a second or two; a server, or a proxy, may take more
// handshakes at a time for an attack.
const MOST_DIALS = 8;

/**
 * The HTTP/2 sessions to one server. A call gets a stream of a session that has room, at once if
 * there is one; else it waits in line while more are opened, as many as those in line need.
 */
export class SessionPool {
  readonly #options: PoolOptions;
  readonly #maxConnections: number;
  // Those that take calls; by what they have room for, those with none in neither.
  readonly #sessions = new Map<Session, Room>();
  readonly #withRoom = new Set<Session>();
  readonly #withShortRoom = new Set<Session>();
  // Drained ones belong to the streams on them only.
  readonly #drained = new Set<Session>();
  readonly #short = new Line<PoolCall>();
  readonly #long = new Line<PoolCall>();
  // Calls that wait for a session, because they are about it.
  readonly #companions = new Map<Session, Line<PoolCall>>();
  readonly #dials = new Set<PendingConnection<Session>>();
  // What outlives the call that needs it first must not hold on to that call.
  readonly #outside = new AsyncResource("Http2SessionPool");
  // Of the latest settings; undefined where nothing is known.
  #streamLimit: number | undefined;
  #avoided = 0;
  #serving = false;
  // Of a dial, while others are under way that may do better.
  #failure: Failure | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed: Failure | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  }

  /** Starts a call as soon as a session has room for it: at once where one has. */
  submit(call: PoolCall): void {
    if (this.#closed) {
      call.fail(this.#closed);
    } else if (call.limit.isEnded) {
      call.fail(NOT_SENT);
    } else if (!this.#start(call)) {
      this.#wait(call);
    }
  }

  /**
   * Sends the headers of a call as soon as a session has room for it. Whoever gets the stream must
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

  /** Ends every call with `failure`, and refuses those that follow. */
  close(failure: Failure): void {
    this.#closed ??= failure;
    for (const dial of this.#dials) {
      dial.abort(new FailureThrown(failure));
    }
    this.#failAll(failure);
    for (const line of this.#companions.values()) {
      failEach(line, failure);
    }
    for (const session of [...this.#sessions.keys(), ...this.#drained]) {
      session.end(failure);
    }
  }

  /** @returns whether it is not to wait: it has a stream, or can have none. */
  #start(call: PoolCall): boolean {
    const companion = this.#companion(call);
    if (companion?.hasRoomForCompanion(call.long) && this.#startOn(companion, call)) {
      return true;
    }
    if (companion && !companion.isGone) {
      return false;
    }
    for (;;) {
      const session = first(this.#withRoom) ?? (call.long ? undefined : first(this.#withShortRoom));
      if (!session) {
        return false;
      }
      if (!session.retireIfStale() && this.#startOn(session, call)) {
        return true;
      }
    }
  }

  /** @returns false if the session ended a moment ago: nothing was sent, and another one will do. */
  #startOn(session: Session, call: PoolCall): boolean {
    try {
      call.start(session);
    } catch (error) {
      if (session.hasEnded) {
        session.retire();
        return false;
      }
      const message = `the request cannot be sent: ${error instanceof Error ? error.message : error}`;
      call.fail({ kind: "local", code: Code.Internal, message, cause: error });
    }
    return true;
  }

  /**
   * The session that a call wants to be with. It is waited for where some streams are kept for short
   * calls, because such a stream is free again soon.
   */
  #companion({ affinity }: PoolCall): Session | undefined {
    return affinity instanceof Session && affinity.keepsRoom && this.#sessions.has(affinity)
      ? affinity
      : undefined;
  }

  #wait(call: PoolCall): void {
    const companion = this.#companion(call);
    const stopListening = call.limit.onEnd(() => {
      call.leave?.();
      call.fail(NOT_SENT);
      this.#adjust();
    });
    const line = companion ? this.#lineOf(companion) : call.long ? this.#long : this.#short;
    const leave = line.join(call, performance.now());
    call.leave = () => {
      call.leave = undefined;
      stopListening();
      leave();
    };
    this.#adjust();
  }

  #lineOf(session: Session): Line<PoolCall> {
    const line = this.#companions.get(session) ?? new Line<PoolCall>();
    this.#companions.set(session, line);
    return line;
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
    const isWaitedFor = this.#short.size > 0 || this.#long.size > 0 || this.#companions.size > 0;
    // To start a call changes its session, too, for which nobody else can be served.
    if (isWaitedFor && !this.#serving) {
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
    const companions = this.#companions.get(session);
    for (let call = companions?.first?.value; call; call = companions?.first?.value) {
      if (!session.hasRoomForCompanion(call.long) || session.isGone) {
        break;
      }
      call.leave?.();
      this.#startAgain(session, call);
    }
    if (companions?.size === 0) {
      this.#companions.delete(session);
    }
    for (let call = this.#next(session.room); call; call = this.#next(session.room)) {
      call.leave?.();
      this.#startAgain(session, call);
    }
  }

  #startAgain(session: Session, call: PoolCall): void {
    if (!this.#startOn(session, call)) {
      this.submit(call);
    }
  }

  #next(room: Room): PoolCall | undefined {
    switch (room) {
      case "none":
        return undefined;
      case "short":
        return this.#short.first?.value;
      case "any":
        return earlier(this.#short.first, this.#long.first)?.value;
    }
  }

  /** Brings dials and the timer in line with who waits. */
  #adjust(): void {
    const waiting = this.#short.size + this.#long.size;
    for (let more = this.#dialsWanted(waiting) - this.#dials.size; more > 0; more -= 1) {
      this.#dial();
    }
    for (const dial of this.#dials) {
      dial.wanted = waiting > 0;
    }
    if (waiting === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#startTimer();
    }
  }

  /** How many dials are to be under way. */
  #dialsWanted(waiting: number): number {
    const serving = this.#sessions.size - this.#avoided;
    if (waiting === 0 || this.#closed || this.#failure || serving >= this.#maxConnections) {
      return 0;
    }
    const limit = this.#streamLimit;
    if (limit === undefined) {
      return 1;
    }
    if (limit === 0) {
      // That is legal for a moment (RFC 9113, section 6.5.2); another connection would not help.
      return serving === 0 ? 1 : 0;
    }
    const needed = Math.ceil(Math.max(this.#long.size / usable(limit), waiting / limit)) || 1;
    return Math.min(needed, MOST_DIALS, this.#maxConnections - serving);
  }

  #dial(): void {
    this.#outside.runInAsyncScope(() => {
      const { address, connectTimeoutMs } = this.#options;
      const dial = new PendingConnection({
        address,
        connectTimeoutMs,
        connect: (signal, onSocket) => openSession({ ...this.#options, onSocket }, signal),
      });
      this.#dials.add(dial);
      dial.result.then(
        (session) => {
          this.#dials.delete(dial);
          this.#welcome(session);
        },
        (error: unknown) => {
          this.#dials.delete(dial);
          this.#notConnected(connectFailure(error, address));
        },
      );
    });
  }

  #notConnected(failure: Failure): void {
    if (this.#dials.size > 0) {
      this.#failure = failure;
      return;
    }
    this.#failure = undefined;
    this.#failAll(failure);
    this.#adjust();
  }

  #welcome(session: Session): void {
    if (this.#closed) {
      session.end(this.#closed);
      return;
    }
    this.#failure = undefined;
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
        this.#disband(session);
        this.#adjust();
      },
    });
    if (!session.isGone) {
      this.#streamLimit = session.limit;
      this.#changed(session);
    }
    this.#adjust();
  }

  /** Has those who waited for a session that is gone wait for any. */
  #disband(session: Session): void {
    const line = this.#companions.get(session);
    this.#companions.delete(session);
    for (const call of line ? emptied(line) : []) {
      this.submit(call);
    }
  }

  #startTimer(since = performance.now()): void {
    const { connectTimeoutMs } = this.#options;
    const leftMs = Math.max(1, Math.ceil(since + connectTimeoutMs - performance.now()));
    // Whatever is waited for keeps the program alive: the calls that run, or a dial.
    this.#timer ??= setTimeout(() => this.#expire(), leftMs).unref();
  }

  /** Fails those who have waited for too long, unless a dial is under way that may be for them. */
  #expire(): void {
    this.#timer = undefined;
    if (this.#dials.size > 0 && !this.#failure) {
      this.#startTimer();
      return;
    }
    const failure = this.#failure ?? this.#noRoom();
    const before = performance.now() - this.#options.connectTimeoutMs;
    for (const line of [this.#short, this.#long]) {
      for (let place = line.first; place && place.since <= before; place = line.first) {
        place.value.leave?.();
        place.value.fail(failure);
      }
    }
    const next = earlier(this.#short.first, this.#long.first);
    if (next) {
      this.#startTimer(next.since);
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

  #failAll(failure: Failure): void {
    failEach(this.#short, failure);
    failEach(this.#long, failure);
  }
}

const NOT_SENT: Failure = {
  kind: "local",
  code: Code.Canceled,
  message: "the call ended before it was sent",
};

function ignore(): void {}

function usable(limit: number): number {
  return limit - shortCallReserve(limit);
}

function first<T>(set: Set<T>): T | undefined {
  for (const one of set) {
    return one;
  }
  return undefined;
}

function earlier<T>(a: Place<T> | undefined, b: Place<T> | undefined): Place<T> | undefined {
  return a && b ? (a.since <= b.since ? a : b) : (a ?? b);
}

/** Takes everybody out of a line before anything is told, which may bring others into it. */
function emptied(line: Line<PoolCall>): PoolCall[] {
  const calls: PoolCall[] = [];
  for (let call = line.first?.value; call; call = line.first?.value) {
    call.leave?.();
    calls.push(call);
  }
  return calls;
}

function failEach(line: Line<PoolCall>, failure: Failure): void {
  for (const call of emptied(line)) {
    call.fail(failure);
  }
}
