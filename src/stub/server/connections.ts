import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** All connections of a server, and the HTTP/2 sessions on them. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #onEmpty: (() => void) | undefined;

  /** Holds a connection until it closes. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", ignore);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) {
        this.#onEmpty?.();
      }
    });
  }

  /** Holds an HTTP/2 session until it closes. */
  addSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
  }

  /**
   * Tells all sessions to end, and destroys the connections that are left after the grace. Resolves
   * when none is left.
   */
  async close(graceMs: number): Promise<void> {
    for (const session of this.#sessions) {
      session.close();
    }
    if (this.#sockets.size === 0) {
      return;
    }
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    }, graceMs);
    await empty;
    clearTimeout(timer);
  }
}

function ignore(): void {}
