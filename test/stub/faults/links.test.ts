import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { Link } from "../../../src/stub/faults/network/links.js";

test("closing a connection that has ended starts no timer, which would keep the program", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = connect(port, "127.0.0.1");
  const [socket]: Socket[] = await once(server, "connection");
  if (socket === undefined) {
    throw new Error("no connection");
  }
  const link = new Link(socket);
  const gone = once(socket, "close");
  socket.on("error", () => {});
  client.destroy();
  socket.destroy();
  await gone;
  const timers = vi.spyOn(globalThis, "setTimeout");
  onTestFinished(() => timers.mockRestore());
  link.close();
  link.closeWhenIdle();
  expect(timers).not.toHaveBeenCalled();
});
