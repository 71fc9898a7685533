import type { Socket } from "node:net";
import type { ConnectError } from "@connectrpc/connect";
import type { Connection } from "../connection.js";

/** An HTTP/1.1 connection: one call at a time. */
export class Http1Connection implements Connection {
  readonly goaway = undefined;
  readonly #socket: Socket;
  // A proxy's answer, through which the connection was made, is not the server's.
  readonly #bytesBefore: number;
  #lost: ConnectError | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#bytesBefore = socket.bytesRead;
  }

  get unheard(): boolean {
    return this.#socket.bytesRead === this.#bytesBefore;
  }

  get lost(): ConnectError | undefined {
    return this.#lost;
  }

  // Its only call is over, and its socket with it, when there is a reason to give it up.
  avoid(): void {}

  destroy(error: ConnectError): void {
    this.#lost ??= error;
    this.#socket.destroy(error);
  }
}
