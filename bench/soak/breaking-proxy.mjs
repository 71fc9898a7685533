// @ts-check
import { connect, createServer } from "node:net";

/**
 * Forwards TCP connections to a server, and resets each after some bytes from the server.
 *
 * @param {{ host: string, port: number, bytes: () => number }} options
 */
export async function startBreakingProxy({ host, port, bytes }) {
  let breaks = 0;
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect({ host, port });
    let left = bytes();
    far.on("data", (data) => {
      left -= data.length;
      near.write(data.subarray(0, left < 0 ? data.length + left : undefined));
      if (left < 0) {
        breaks += 1;
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    });
    near.on("data", (data) => far.write(data));
    keep(near, far);
    keep(far, near);
  });
  /**
   * @param {import("node:net").Socket} socket
   * @param {import("node:net").Socket} other
   */
  const keep = (socket, other) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port : undefined,
    get breaks() {
      return breaks;
    },
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
