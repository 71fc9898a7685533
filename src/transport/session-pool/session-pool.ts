import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { onAbort } from "../../async/abort-listeners.js";
import type { Attempt } from "../call-context.js";
import { ConnectAttempt } from "../socket/connect-attempt.js";
import { openSession, type SessionOptions } from "./open-session.js";
import type { PooledSession } from "./pooled-session.js";

/** What a pool needs. */
export interface PoolOptions extends SessionOptions {
  readonly connectTimeoutMs: number;
}

interface Waiter {
  readonly headers: OutgoingHttpHeaders;
  readonly attempt: Attempt;
  resolve(stream: ClientHttp2Stream): void;
  reject(reason: unknown): void;
}

const MAX_SESSIONS = 16;

/**
 * The HTTP/2 sessions to one server. A call gets a stream of the first session that has room; near
 * the server's limit of streams another session is opened, and beyond the most sessions that take
 * calls, calls wait.
 */
export class SessionPool {
  readonly #options: PoolOptions;
  // Those that take calls. A session that is drained belongs to its streams only.
  readonly #sessions = new Set<PooledSession>();
  readonly #drained = new Set<PooledSession>();
  readonly #line = new Set<Waiter>();
  #connecting: ConnectAttempt<PooledSession> | undefined;
  #closed: ConnectError | undefined;
  #serving = false;
  #serveAgain = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Sends the headers of a call as soon as a session has room for it. */
  open(headers: OutgoingHttpHeaders, attempt: Attempt): Promise<ClientHttp2Stream> {
    const { signal } = attempt;
    return new Promise((resolve, reject) => {
      if (this.#closed || signal.aborted) {
        reject(this.#closed ?? signal.reason);
        return;
      }
      const leave = () => {
        stopListening();
        this.#line.delete(waiter);
      };
      const waiter: Waiter = {
        headers,
        attempt,
        resolve: (stream) => {
          leave();
          resolve(stream);
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      const stopListening = onAbort(signal, () => {
        waiter.reject(signal.reason);
        this.#serve();
      });
      this.#line.add(waiter);
      this.#serve();
    });
  }

  /** Ends every call with `error`, and refuses those that follow. */
  close(error: ConnectError): void {
    this.#closed ??= error;
    this.#connecting?.abort(error);
    this.#fail(error);
    for (const session of [...this.#sessions, ...this.#drained]) {
      session.destroy(error);
    }
  }

  /** Gives streams to those who wait. Safe to call from whatever that sets off. */
  #serve(): void {
    this.#serveAgain = true;
    if (this.#serving) {
      return;
    }
    this.#serving = true;
    while (this.#serveAgain) {
      this.#serveAgain = false;
      this.#serveOnce();
    }
    this.#serving = false;
  }

  #serveOnce(): void {
    for (const waiter of this.#line) {
      this.#assign(waiter);
    }
    const wanted = [...this.#line].some(({ attempt }) => !this.#companion(attempt));
    // One that is avoided serves what runs on it, which may go on for days.
    const serving = [...this.#sessions].filter(({ avoided }) => !avoided).length;
    if (wanted && !this.#connecting && serving < MAX_SESSIONS) {
      this.#connect();
    }
    if (this.#connecting) {
      this.#connecting.wanted = wanted;
    }
  }

  #assign({ headers, attempt, resolve, reject }: Waiter): void {
    const companion = this.#companion(attempt);
    for (const session of companion ? [companion] : this.#sessions) {
      if (session.hasRoom(attempt.long, session === companion)) {
        try {
          resolve(session.open(headers, attempt));
          return;
        } catch (error) {
          if (!session.session.closed && !session.session.destroyed) {
            reject(error);
            return;
          }
          // It ended a moment ago, and nothing was sent: the next one will do.
          session.retire();
        }
      }
    }
  }

  /**
   * The session of the call that this one wants to be with. It is waited for where some streams are
   * kept for short calls, because such a stream is free again soon.
   */
  #companion({ record: { affinity } }: Attempt): PooledSession | undefined {
    return [...this.#sessions].find((session) => session === affinity && session.keepsRoom);
  }

  #connect(): void {
    const connecting = new ConnectAttempt({
      address: this.#options.address,
      connectTimeoutMs: this.#options.connectTimeoutMs,
      connect: (signal, onSocket) => openSession({ ...this.#options, onSocket }, signal),
    });
    this.#connecting = connecting;
    connecting.result.then(
      (session) => {
        this.#connecting = undefined;
        this.#welcome(session);
      },
      (error: unknown) => {
        this.#connecting = undefined;
        this.#fail(error);
      },
    );
  }

  #welcome(session: PooledSession): void {
    if (this.#closed) {
      session.destroy(this.#closed);
      return;
    }
    this.#sessions.add(session);
    session.session.once("close", () => this.#drained.delete(session));
    session.watch({
      room: () => this.#serve(),
      gone: () => {
        this.#sessions.delete(session);
        if (!session.session.destroyed) {
          this.#drained.add(session);
        }
        this.#serve();
      },
    });
    this.#serve();
  }

  #fail(error: unknown): void {
    for (const waiter of [...this.#line]) {
      waiter.reject(error);
    }
  }
}
