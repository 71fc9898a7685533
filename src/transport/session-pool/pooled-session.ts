import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { Socket } from "node:net";
import type { ConnectError } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import type { ServerAddress } from "../aiem-url.js";
import type { Attempt } from "../call-context.js";
import type { Connection, Goaway } from "../connection.js";
import { connectionLost } from "../errors/connection-lost.js";
import { http2ErrorName } from "../errors/http2-error-name.js";
import { shortCallReserve } from "./short-call-reserve.js";

/** What a pool wants to know of its sessions. */
export interface SessionWatcher {
  /** More calls can be put on the session than before. */
  room(): void;
  /** No further call can be put on the session. */
  gone(): void;
}

// The window of the connection is given back as data arrives, so it bounds no memory; it must only
// be large enough for a fast and distant server.
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
// Shorter than the usual patience of proxies (60 s and more), which may drop a silent connection
// without a word.
const IDLE_MS = 45_000;
const LINGER_MS = 1_000;
// Servers guard against cancels without end (CVE-2023-44487): one in Node.js ends the session, with
// every call on it, after about 1,000 in quick succession.
const MOST_RESETS = 500;

/** One HTTP/2 session and the calls on it. */
export class PooledSession implements Connection {
  readonly session: ClientHttp2Session;
  // Calls are put on a session when the server's SETTINGS are there.
  readonly unheard = false;
  readonly #socket: Socket;
  readonly #address: ServerAddress;
  readonly #streams = new Set<ClientHttp2Stream>();
  #watcher: SessionWatcher | undefined;
  #longCalls = 0;
  #limit = 0;
  #gone = false;
  #avoided = false;
  #resets = 0;
  #goaway: Goaway | undefined;
  #lost: ConnectError | undefined;
  #idleSince = Date.now();
  #idleTimer: NodeJS.Timeout | undefined;

  /** @param socket must be connected, and be read by nobody else. */
  constructor(socket: Socket, address: ServerAddress, streamWindowBytes: number) {
    this.#socket = socket;
    this.#address = address;
    // First on the socket, so that the calls end with this error and not with Node's own, which
    // looks like a cancellation for a FIN and like a conflict for a reset.
    socket.on("error", (error) => this.#lose(`failed (${nodeErrorCode(error)})`, error));
    socket.on("close", () => this.#lose("closed it"));
    this.session = connectHttp2(address.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
    });
    const { session } = this;
    session.once("connect", () =>
      session.setLocalWindowSize(Math.max(CONNECTION_WINDOW_BYTES, streamWindowBytes)),
    );
    session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#limit = maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      this.#watcher?.room();
    });
    session.on("goaway", (code, lastStreamId) => this.#onGoaway({ code, lastStreamId }));
    // Permanent: an error without a listener ends the whole program.
    session.on("error", (error) => this.#lose(`failed (${nodeErrorCode(error)})`, error));
    session.on("close", () => this.#retired());
  }

  get goaway(): Goaway | undefined {
    return this.#goaway;
  }

  get lost(): ConnectError | undefined {
    return this.#lost;
  }

  /** Tells `watcher` about the session from now on, which must have its settings and no calls. */
  watch(watcher: SessionWatcher): void {
    this.#watcher = watcher;
    this.#rest();
    if (this.#gone) {
      watcher.gone();
    }
  }

  /** Whether some streams are kept for short calls. */
  get keepsRoom(): boolean {
    return shortCallReserve(this.#limit) > 0;
  }

  /** Whether the session takes no calls but those that ask about itself. */
  get avoided(): boolean {
    return this.#avoided;
  }

  /**
   * Whether a call can be put on the session now.
   *
   * @param companion whether the call asks about the session itself, avoided or not.
   */
  hasRoom(long: boolean, companion = false): boolean {
    if (this.#gone || (this.#avoided && !companion)) {
      return false;
    }
    // Timers stand still while a machine sleeps, and its connections may be gone by then.
    if (this.#streams.size === 0 && Date.now() - this.#idleSince > IDLE_MS) {
      this.retire();
      return false;
    }
    return (
      this.#streams.size < this.#limit &&
      (!long || this.#longCalls < this.#limit - shortCallReserve(this.#limit))
    );
  }

  /** Sends the headers of a call. Throws what Node throws if the session has just ended. */
  open(headers: OutgoingHttpHeaders, { record, long }: Attempt): ClientHttp2Stream {
    // Node leaves the brackets of an IPv6 address out of the authority that it makes.
    const stream = this.session.request({ ...headers, ":authority": this.#address.authority });
    record.carryOn(this, stream);
    // Whoever gets the stream cannot listen before the next microtask.
    stream.on("error", () => undefined);
    stream.once("close", () => this.#release(stream, long));
    this.#streams.add(stream);
    this.#longCalls += long ? 1 : 0;
    if (this.#streams.size === 1) {
      clearTimeout(this.#idleTimer);
      this.session.ref();
    }
    return stream;
  }

  avoid(): void {
    this.#avoided = true;
    if (this.#streams.size === 0) {
      this.retire();
    }
  }

  /** Takes no further calls, and closes the connection after the last one. */
  retire(): void {
    this.session.close();
    this.#retired();
  }

  destroy(error: ConnectError): void {
    this.#end(error);
    this.session.destroy();
    this.#socket.destroy();
  }

  #release(stream: ClientHttp2Stream, long: boolean): void {
    this.#streams.delete(stream);
    this.#longCalls -= long ? 1 : 0;
    this.#resets += stream.rstCode === constants.NGHTTP2_NO_ERROR ? 0 : 1;
    this.#avoided ||= this.#resets >= MOST_RESETS;
    if (this.#streams.size === 0) {
      if (this.#avoided) {
        this.retire();
      } else {
        this.#rest();
      }
    }
    this.#watcher?.room();
  }

  /** Waits for calls, without keeping the program alive. */
  #rest(): void {
    if (this.#gone) {
      this.#linger();
      return;
    }
    this.session.unref();
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
      this.#lose(`closed it with GOAWAY ${http2ErrorName(goaway.code)}`);
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
    this.#end(connectionLost(this.#address.origin, how, cause));
  }

  #end(error: ConnectError): void {
    this.#lost ??= error;
    for (const stream of this.#streams) {
      stream.destroy(this.#lost);
    }
    this.#retired();
  }
}
