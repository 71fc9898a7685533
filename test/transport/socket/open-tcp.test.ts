import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { openTcp } from "../../../src/transport/socket/open-tcp.js";
import { closing } from "../support/cleanup.js";
import { listen } from "../support/listen.js";

const children: ChildProcess[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
  }
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
});

const SERVER = `
  const server = require("node:net").createServer((socket) => socket.on("error", () => undefined));
  server.listen({ port: 0, host: "127.0.0.2", backlog: 1 }, () => console.log(server.address().port));
`;

/** A server at 127.0.0.2 that is stopped, and whose queue is full: it does not answer a SYN. */
async function unresponsive() {
  const child = spawn(process.execPath, ["-e", SERVER], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [text] = await once(child.stdout, "data");
  const port = Number(String(text));
  child.kill("SIGSTOP");
  // Linux lets in one more than the queue is long.
  for (let i = 0; i < 2; i += 1) {
    const socket = connect(port, "127.0.0.2").on("error", () => undefined);
    sockets.push(socket);
    await once(socket, "connect");
  }
  return { child, port };
}

function open(port: number, addresses: readonly string[], signal = new AbortController().signal) {
  const opened: Socket[] = [];
  const result = openTcp(
    { host: "aiem.test", port },
    {
      signal,
      resolve: async () => addresses.map((address) => ({ address, family: 4 })),
      onSocket: (socket) => {
        opened.push(socket);
        sockets.push(socket);
      },
    },
  );
  return { result, opened };
}

test.runIf(process.platform === "linux")(
  "addresses whose first packet is slow are waited for, however many there are",
  async () => {
    const { child, port } = await unresponsive();
    const { result, opened } = open(port, ["127.0.0.2", "127.0.0.2"]);
    const first = await Promise.race([result.catch((error) => error), sleep(800, "pending")]);
    expect(first).toBe("pending");
    child.kill("SIGCONT");
    const socket = await result;
    expect(socket.remoteAddress).toBe("127.0.0.2");
    expect(opened.filter(({ destroyed }) => !destroyed)).toEqual([socket]);
  },
);

test.runIf(process.platform === "linux")(
  "the next address is tried beside one that does not answer",
  async () => {
    const { port } = await unresponsive();
    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const { result, opened } = open(port, ["127.0.0.2", "127.0.0.1"]);
    const socket = await result;
    expect(socket.remoteAddress).toBe("127.0.0.1");
    expect(opened.filter(({ destroyed }) => !destroyed)).toEqual([socket]);
    socket.destroy();
    server.close();
  },
);

test("the next address is tried at once after one that refuses", async () => {
  const { port } = closing(await listen(createServer()));
  const { result } = open(port, ["127.0.0.2", "127.0.0.3", "127.0.0.1"]);
  expect((await result).remoteAddress).toBe("127.0.0.1");
});

test("where all refuse, the error is that of the first", async () => {
  const { port, close } = await listen(createServer());
  await close();
  const { result } = open(port, ["127.0.0.2", "127.0.0.1"]);
  await expect(result).rejects.toMatchObject({ code: "ECONNREFUSED", address: "127.0.0.2" });
});

test.runIf(process.platform === "linux")("nothing is left of one that is given up", async () => {
  const { port } = await unresponsive();
  const abort = new AbortController();
  const { result, opened } = open(port, ["127.0.0.2"], abort.signal);
  await expect.poll(() => opened.length).toBe(1);
  abort.abort("enough");
  await expect(result).rejects.toBe("enough");
  expect(opened.every(({ destroyed }) => destroyed)).toBe(true);
});
