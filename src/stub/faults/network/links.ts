import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

import { Link } from "./link.js";

/**
 * The connections of a server, by the port of the client: what HTTP/2 shows of a call's socket is a
 * stand-in, on which little can be done.
 */
export class Links {
  readonly #byPort = new Map<number, Link>();

  /** Takes a socket that was accepted; for TLS, first the TCP socket, later the one on top of it. */
  add(socket: Socket): void {
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    if (socket instanceof TLSSocket) {
      this.#byPort.get(remotePort)?.encrypt(socket);
      return;
    }
    const link = new Link(socket);
    this.#byPort.set(remotePort, link);
    socket.once("close", () => {
      // The port may have been used again.
      if (this.#byPort.get(remotePort) === link) this.#byPort.delete(remotePort);
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
