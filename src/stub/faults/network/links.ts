import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { NodeResponse } from "../../server/node-handler.js";

/**
 * The connections of a server, by the port of the client: what HTTP/2 shows of a call's socket is a
 * stand-in, on which little can be done.
 */
export class Links {
  readonly #byPort = new Map<number, Link>();

  /** Takes a socket that was accepted; for TLS, first the TCP socket, later the one on top of it. */
  add(socket: Socket): void {
    const { remotePort } = socket;
    if (remotePort === undefined) {
      return;
    }
    if (socket instanceof TLSSocket) {
      this.#byPort.get(remotePort)?.encrypt(socket);
      return;
    }
    const link = new Link(socket);
    this.#byPort.set(remotePort, link);
    socket.once("close", () => {
      // The port may have been used again.
      if (this.#byPort.get(remotePort) === link) {
        this.#byPort.delete(remotePort);
      }
    });
  }

  /** The connection from this port of the client's; undefined where it has ended. */
  from(remotePort: number | undefined): Link | undefined {
    return remotePort === undefined ? undefined : this.#byPort.get(remotePort);
  }

  /** Ends all connections, with a FIN or a RST. */
  end(how: "close" | "reset"): void {
    for (const link of this.#byPort.values()) {
      link[how]();
    }
  }
}

// How long a peer may take to answer a FIN with its own, in milliseconds.
const FIN_GRACE_MS = 1000;

/** A connection of a server. */
export class Link {
  /** What carries the bytes. */
  readonly #tcp: Socket;
  /** What HTTP is spoken over: the same, or TLS on top of it. */
  #http: Socket;
  #calls = 0;
  #closesWhenIdle = false;
  #silences = 0;
  #audible: Promise<void> | undefined;
  #speakAgain: (() => void) | undefined;

  constructor(tcp: Socket) {
    this.#tcp = tcp;
    this.#http = tcp;
    tcp.once("close", () => this.#end());
  }

  /** The connection speaks TLS. */
  encrypt(tls: Socket): void {
    this.#http = tls;
  }

  /** Carries a call until the end of its response. */
  carry(response: NodeResponse): void {
    this.#calls += 1;
    response.once("close", () => {
      this.#calls -= 1;
      // Node writes the end of a stream a moment after it has told it.
      if (this.#closesWhenIdle && this.#calls === 0) {
        setImmediate(() => this.close());
      }
    });
  }

  /** Sends a FIN after the last call. */
  closeWhenIdle(): void {
    this.#closesWhenIdle = true;
    if (this.#calls === 0) {
      this.close();
    }
  }

  /** Sends a RST. */
  reset(): void {
    this.#tcp.resetAndDestroy();
  }

  /** Sends a FIN after what was written, and waits for the peer's for a while. */
  close(): void {
    if (this.#tcp.destroyed) {
      return;
    }
    this.#http.end();
    const timer = setTimeout(() => this.#tcp.destroy(), FIN_GRACE_MS);
    this.#tcp.once("close", () => clearTimeout(timer));
  }

  /**
   * Resolves when the connection is no longer silent, or has ended; undefined where it is not
   * silent.
   */
  get audible(): Promise<void> | undefined {
    return this.#audible;
  }

  /** Reads nothing more, and tells writers to wait; returns how to undo it. */
  silence(): () => void {
    if (this.#silences === 0) {
      this.#setReading(false);
      this.#audible = new Promise((resolve) => {
        this.#speakAgain = resolve;
      });
    }
    this.#silences += 1;
    let isUndone = false;
    return () => {
      if (isUndone) {
        return;
      }
      isUndone = true;
      this.#silences -= 1;
      if (this.#silences > 0 || this.#tcp.destroyed) {
        return;
      }
      this.#setReading(true);
      this.#end();
    };
  }

  #end(): void {
    this.#audible = undefined;
    this.#speakAgain?.();
  }

  /**
   * HTTP parsers read from a socket's handle, past its stream, so that pause() does nothing. Node
   * gives no other way to leave pings unanswered than its handle.
   */
  #setReading(on: boolean): void {
    const handle: unknown = Reflect.get(this.#tcp, "_handle");
    const name = on ? "readStart" : "readStop";
    const operation: unknown =
      typeof handle === "object" && handle !== null ? Reflect.get(handle, name) : undefined;
    if (typeof operation !== "function") {
      throw new Error(`blackhole: the sockets of this version of Node.js have no ${name}`);
    }
    operation.call(handle);
  }
}
