import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { Socket } from "node:net";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { type Failure, FailureThrown } from "../../errors/outcome.js";
import { http2ErrorName } from "../../model/http2-error-codes.js";
import type { ServerAddress } from "../aiem-url.js";
import { connectionLost } from "../failures.js";
import type { Connection } from "../wire.js";
import { MAX_HEADER_LIST_BYTES, MAX_HEADER_PAIRS } from "./header-limits.js";

/** What a GOAWAY frame said. */
export interface Goaway {
  readonly code: number;
  /** Streams with a higher id were not processed, and never will be. */
  readonly lastStreamId: number;
  /** Its debug data, such as grpc-go's `too_many_pings`; empty as a rule. */
  readonly debug: string;
}

/** What a pool wants to know of its sessions. */
export interface SessionWatcher {
  /** There is room for a request on it, or there was. */
  changed(): void;
  /** No further request can be put on the session. */
  gone(): void;
}

/** Which requests a session has room for. */
export type Room = "none" | "short" | "any";

// The window of the connection is given back as data arrives, so it bounds no memory; it must only
// be large enough for a fast and distant server.
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
// Shorter than the usual patience of proxies (60 s and more), which may drop a silent connection
// without a word.
const IDLE_MS = 45_000;
const LINGER_MS = 1_000;
// Servers guard against cancels without end (CVE-2023-44487): one in Node.js ends the session, with
// every request on it, after about 1,000 in quick succession.
const MOST_RESETS = 500;
const MOST_KEPT = 10;

/**
 * How many streams of a session long requests may not use. Otherwise followers could take all of them,
 * and a request that asks whether the connection is still alive would have to wait behind them.
 *
 * @param limit the server's limit of streams.
 */
export function shortCallReserve(limit: number): number {
  return limit < 2 ? 0 : Math.min(MOST_KEPT, Math.max(1, Math.floor(limit / 10)));
}

/**
 * Bun (1.4) takes the size that it is told for the connection as that of each stream, too, and lets a
 * server go on after half of it: with more than the server knows of, each stream stalls for good at
 * the end of its window (oven-sh/bun#40180).
 */
function connectionWindow(streamWindowBytes: number): number {
  return process.versions["bun"] === undefined
    ? Math.max(CONNECTION_WINDOW_BYTES, streamWindowBytes)
    : streamWindowBytes;
}

/** One HTTP/2 session and the streams on it. */
export class Session implements Connection {
  readonly http2: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #address: ServerAddress;
  readonly #streams = new Set<ClientHttp2Stream>();
  #watcher: SessionWatcher | undefined;
  #longRequests = 0;
  #limit = 0;
  #reserve = 0;
  #gone = false;
  #avoided = false;
  #resets = 0;
  #goaway: Goaway | undefined;
  #lost: Failure | undefined;
  #idleSince = Date.now();
  #idleTimer: NodeJS.Timeout | undefined;

  /** @param socket must be connected, and be read by nobody else. */
  constructor(socket: Socket, address: ServerAddress, streamWindowBytes: number) {
    this.#socket = socket;
    this.#address = address;
    // First on the socket, so that the requests end with this error and not with Node's own, which
    // looks like a cancellation for a FIN and like a conflict for a reset.
    socket.on("error", (error) => this.#lose(`failed (${nodeErrorCode(error)})`, error));
    socket.on("close", () => this.#lose("closed it"));
    this.http2 = connectHttp2(address.origin, {
      createConnection: () => socket,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      settings: {
        enablePush: false,
        initialWindowSize: streamWindowBytes,
        maxHeaderListSize: MAX_HEADER_LIST_BYTES,
      },
    });
    const { http2 } = this;
    http2.once("connect", () => http2.setLocalWindowSize(connectionWindow(streamWindowBytes)));
    http2.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#limit = maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      this.#reserve = shortCallReserve(this.#limit);
      this.#watcher?.changed();
    });
    http2.on("goaway", (code, lastStreamId, data?: Uint8Array) =>
      this.#onGoaway({ code, lastStreamId, debug: Buffer.from(data ?? []).toString() }),
    );
    // Permanent: an error without a listener ends the whole program.
    http2.on("error", (error) => this.#lose(`failed (${nodeErrorCode(error)})`, error));
    http2.on("close", () => this.#retired());
  }

  /** The last GOAWAY of the server. */
  get goaway(): Goaway | undefined {
    return this.#goaway;
  }

  /** Why the connection ended while it carried requests. */
  get lost(): Failure | undefined {
    return this.#lost;
  }

  /** How many streams the server allows at a time. */
  get limit(): number {
    return this.#limit;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** How many bytes have arrived on the connection. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Whether some streams are kept for short requests. */
  get keepsRoom(): boolean {
    return this.#reserve > 0;
  }

  /** Whether no further request can be put on the session. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Whether the session takes no requests but those that ask about itself. */
  get isAvoided(): boolean {
    return this.#avoided;
  }

  /** Tells `watcher` about the session from now on, which must have its settings and no requests. */
  watch(watcher: SessionWatcher): void {
    this.#watcher = watcher;
    this.#rest();
    if (this.#gone) {
      watcher.gone();
    }
  }

  /** Which requests can be put on the session, besides those that ask about it. */
  get room(): Room {
    if (this.#gone || this.#avoided || this.#streams.size >= this.#limit) {
      return "none";
    }
    return this.#longRequests < this.#limit - this.#reserve ? "any" : "short";
  }

  /** Whether a request that asks about the session can be put on it, which may be avoided. */
  hasRoomForCompanion(long: boolean): boolean {
    return (
      !this.#gone &&
      this.#streams.size < this.#limit &&
      (!long || this.#longRequests < this.#limit - this.#reserve)
    );
  }

  /**
   * Takes no further requests if it was idle for too long. Timers stand still while a machine sleeps,
   * and its connections may be gone by then.
   */
  retireIfStale(): boolean {
    if (this.#streams.size > 0 || Date.now() - this.#idleSince <= IDLE_MS) {
      return false;
    }
    this.retire();
    return true;
  }

  /**
   * Sends the headers of a request, which are the session's from then on. Whoever gets the stream
   * must `release` it when it emits `close`. Throws what Node throws, also if the session has just
   * ended.
   */
  open(headers: OutgoingHttpHeaders, long: boolean): ClientHttp2Stream {
    // Node leaves the brackets of an IPv6 address out of the authority that it makes.
    headers[":authority"] = this.#address.authority;
    const stream = this.http2.request(headers);
    this.#streams.add(stream);
    this.#longRequests += long ? 1 : 0;
    if (this.#streams.size === 1) {
      clearTimeout(this.#idleTimer);
      this.http2.ref();
    }
    this.#watcher?.changed();
    return stream;
  }

  /** Takes note of the end of a stream. */
  release(stream: ClientHttp2Stream, long: boolean): void {
    this.#streams.delete(stream);
    this.#longRequests -= long ? 1 : 0;
    this.#resets += stream.rstCode === constants.NGHTTP2_NO_ERROR ? 0 : 1;
    this.#avoided ||= this.#resets >= MOST_RESETS;
    if (this.#streams.size === 0) {
      if (this.#avoided) {
        this.retire();
      } else {
        this.#rest();
      }
    }
    this.#watcher?.changed();
  }

  /** Whether it ended by itself a moment ago, before this side knew. */
  get hasEnded(): boolean {
    return this.http2.closed || this.http2.destroyed;
  }

  avoid(): void {
    this.#avoided = true;
    if (this.#streams.size === 0) {
      this.retire();
    } else {
      this.#watcher?.changed();
    }
  }

  /** Takes no further requests, and closes the connection after the last one. */
  retire(): void {
    this.http2.close();
    this.#retired();
  }

  /**
   * Takes note that headers in too many frames ended the connection. Whose they were is certain only
   * of a request that had the connection to itself.
   *
   * @returns whether the request that asks had.
   */
  noteFlood(cause: unknown): boolean {
    if (!this.#lost && this.#streams.size > 1) {
      const how = "sent headers in more frames than this client reads";
      this.#lost = connectionLost(this.#address.origin, how, cause);
    }
    return !this.#lost;
  }

  destroy(how: string): void {
    this.end(connectionLost(this.#address.origin, how));
  }

  /** Ends every request on it with `failure`. */
  end(failure: Failure): void {
    this.#endStreams(failure);
    this.http2.destroy();
    this.#socket.destroy();
  }

  /** Waits for requests, without keeping the program alive. */
  #rest(): void {
    if (this.#gone) {
      this.#linger();
      return;
    }
    this.http2.unref();
    this.#idleSince = Date.now();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.retire(), IDLE_MS).unref();
  }

  /** A server that does not close its side must not keep the socket for ever. */
  #linger(): void {
    this.#socket.unref();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #onGoaway(goaway: Goaway): void {
    this.#goaway = goaway;
    if (goaway.code === constants.NGHTTP2_NO_ERROR) {
      this.#retired();
    } else {
      const why = goaway.debug === "" ? "" : ` (${goaway.debug})`;
      this.#lose(`closed it with GOAWAY ${http2ErrorName(goaway.code)}${why}`);
    }
  }

  #retired(): void {
    if (!this.#gone) {
      this.#gone = true;
      clearTimeout(this.#idleTimer);
      if (this.#streams.size === 0) {
        this.#linger();
      }
      this.#watcher?.gone();
    }
  }

  #lose(how: string, cause?: unknown): void {
    this.#endStreams(connectionLost(this.#address.origin, how, cause));
  }

  #endStreams(failure: Failure): void {
    this.#lost ??= failure;
    if (this.#streams.size > 0) {
      const thrown = new FailureThrown(this.#lost);
      for (const stream of this.#streams) {
        stream.destroy(thrown);
      }
    }
    this.#retired();
  }
}
