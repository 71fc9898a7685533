import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A TCP connection that is written to and read from byte by byte. */
export interface RawConnection {
  readonly socket: Socket;
  /** Writes each byte in a packet of its own. */
  trickle(text: string | Uint8Array): Promise<void>;
  /** What has arrived, once it satisfies this. */
  receivedUntil(done: (received: Buffer) => boolean): Promise<Buffer>;
  /** Everything that arrives until the other side closes. */
  receivedUntilClosed(): Promise<Buffer>;
}

export async function connectRaw(port: number): Promise<RawConnection> {
  const socket = connect({ host: "127.0.0.1", noDelay: true, port });
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  // A reset closes as well; what the test asks about is what arrived before.
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await once(socket, "connect");
  return {
    socket,
    async trickle(text) {
      for (const byte of Buffer.from(text)) {
        socket.write(Buffer.of(byte));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    async receivedUntil(done) {
      while (!done(received)) {
        await once(socket, "data");
      }
      return received;
    },
    async receivedUntilClosed() {
      await closed;
      return received;
    },
  };
}
