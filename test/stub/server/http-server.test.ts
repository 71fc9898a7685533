import { once } from "node:events";
import { existsSync } from "node:fs";
import { Agent, get } from "node:http";
import { connect as connectHttp2 } from "node:http2";

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";

import { ProcessService } from "../../../src/gen.js";
import { startHttpServer } from "../../../src/stub/server/http-server.js";
import { RestartableServer } from "../../../src/stub/server/restartable-server.js";
import { createVersionHandler } from "../../../src/stub/start-stub-server.js";
import { grpc, PROTOCOLS } from "./protocols.js";
import { connectRaw } from "./raw-connection.js";
import { startScriptedServer } from "./scripted-server.js";

/** Waits until the sockets, listeners and timers that keep this process alive are these. */
async function activeResourcesToBe(types: RegExp, expected: string[]): Promise<void> {
  let active: string[] = [];
  for (let round = 0; round < 200; round += 1) {
    // A handle goes away a moment after what it belongs to is closed.
    await new Promise((resolve) => setTimeout(resolve, 10));
    active = process.getActiveResourcesInfo().filter((type) => types.test(type));
    if (String(active) === String(expected)) {
      return;
    }
  }
  expect(active).toEqual(expected);
}

test("a port that is none is refused, and leaves neither a listener nor a Unix socket", async () => {
  // What a caller in JavaScript can say.
  const port: number = JSON.parse('"aiem.sock"');
  await expect(startHttpServer(port, { handlers: [] })).rejects.toThrow(/port/);
  expect(existsSync("aiem.sock")).toBe(false);
  await activeResourcesToBe(/^(TCP|TLS|Pipe.*Server|Timeout)/, []);
});

describe("stop", () => {
  test("ends calls of every protocol, and leaves no socket and no timer", async () => {
    const server = await startScriptedServer();
    const connections = PROTOCOLS.map(([, connect]) => connect(server.url));
    const streams = connections.map(({ transport }) =>
      createClient(ProcessService, transport)
        .streamOutput({ name: "follow" })
        [Symbol.asyncIterator](),
    );
    await Promise.all(streams.map((stream) => stream.next()));
    expect(server.following()).toBe(streams.length);
    await server.stop();
    const ends = await Promise.allSettled(streams.map((stream) => stream.next()));
    expect(ends.map(({ status }) => status)).toEqual(streams.map(() => "rejected"));
    expect(server.following()).toBe(0);
    for (const { close } of connections) {
      close();
    }
    await activeResourcesToBe(/^(TCP|TLS|Timeout)/, []);
  });

  test("ends connections that are idle, and those that have not told their protocol", async () => {
    const server = await startScriptedServer();
    const agent = new Agent({ keepAlive: true });
    const [response] = await once(get(`${server.url}/version`, { agent }), "response");
    await response.toArray();
    const session = connectHttp2(server.url);
    await once(session, "remoteSettings");
    const silent = await connectRaw(server.port);
    await server.stop();
    await silent.receivedUntilClosed();
    await expect.poll(() => session.destroyed).toBe(true);
    await expect.poll(() => Object.keys(agent.freeSockets)).toEqual([]);
    agent.destroy();
  });

  test("lets a response that is on its way arrive", async () => {
    let end = () => {};
    const server = await startHttpServer(0, {
      handlers: [
        (_request, response) => {
          response.write("be");
          end = () => response.end("gun");
          return true;
        },
      ],
      stopGraceMs: 10_000,
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    const stopped = server.stop();
    end();
    expect(await response.text()).toBe("begun");
    await stopped;
  });

  test("refuses connections afterwards", async () => {
    const server = await startScriptedServer();
    await server.stop();
    const { transport, close } = grpc(server.url);
    const call = createClient(ProcessService, transport).getProcess({ name: "here" });
    const error = await call.catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({ code: Code.Unavailable });
    close();
  });

  test("may be asked for twice", async () => {
    const server = await startScriptedServer();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
  });
});

describe("a port that is taken", () => {
  test("is an error, and leaves nothing behind", async () => {
    const server = await startScriptedServer();
    await expect(startHttpServer(server.port, { handlers: [] })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await activeResourcesToBe(/^TCPServer/, ["TCPServerWrap"]);
    await server.stop();
  });
});

describe("a server that is started again", () => {
  let server: RestartableServer | undefined;

  afterEach(() => server?.close());

  async function version(port: number): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${port}/version`);
    return response.json();
  }

  test("listens on the same port, any number of times", async () => {
    server = await RestartableServer.start(0, { handlers: [createVersionHandler("1")] });
    const { port } = server;
    for (let round = 0; round < 5; round += 1) {
      await server.stop();
      await expect(version(port)).rejects.toThrow();
      await server.listen();
      expect(await version(port)).toEqual({ version: "1" });
    }
    expect(server.port).toBe(port);
  });

  test("does what was asked for last when asked for everything at once", async () => {
    server = await RestartableServer.start(0, { handlers: [createVersionHandler("1")] });
    await Promise.all([server.stop(), server.listen(), server.listen(), server.stop()]);
    await expect(version(server.port)).rejects.toThrow();
    await Promise.all([server.stop(), server.listen()]);
    expect(await version(server.port)).toEqual({ version: "1" });
  });

  test("is not started again after close", async () => {
    server = await RestartableServer.start(0, { handlers: [] });
    await server.close();
    await server.close();
    await expect(server.listen()).rejects.toThrow("is closed");
  });
});
