import { createServer, type Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Limit } from "../../../src/async/limit.js";
import { closing } from "../support/cleanup.js";
import { listen } from "../support/listen.js";
import { bytesOf, connectTo } from "./support/http2-calls.js";
import { answer, follow, startHttp2Server } from "./support/http2-server.js";

const LIMIT = { settings: { maxConcurrentStreams: 100 } };

test("1,600 followers are each heard, on connections that are opened several at once", async () => {
  const server = await startHttp2Server(follow, LIMIT);
  const { request } = connectTo(server.url);
  // The first settings tell how many streams a connection carries.
  const first = request({ long: true });
  await expect.poll(() => bytesOf(first)).toBe(1);
  let handshakes = 0;
  let most = 0;
  server.server.on("connection", () => {
    handshakes += 1;
    most = Math.max(most, handshakes);
  });
  server.server.on("session", (session) =>
    session.once("remoteSettings", () => {
      handshakes -= 1;
    }),
  );
  const followers = Array.from({ length: 1_599 }, () => request({ long: true }));
  const short = Array.from({ length: 50 }, () => request({}));
  await expect.poll(() => followers.every((made) => bytesOf(made) === 1)).toBe(true);
  await expect.poll(() => short.every((made) => bytesOf(made) === 1)).toBe(true);
  // 90 followers each: ten streams are kept for short calls.
  expect(server.sessions.length).toBeGreaterThanOrEqual(18);
  expect(server.sessions.length).toBeLessThanOrEqual(20);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});

test("while nothing is known of a server, one connection is opened for all calls", async () => {
  const server = await startHttp2Server(answer);
  const { request } = connectTo(server.url);
  await Promise.all(Array.from({ length: 90 }, () => request().end));
  expect(server.sessions).toHaveLength(1);
});

test("a call that finds no room in time says how much is in use, and what to raise", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 10 } });
  const options = { maxConnections: 2, connectTimeoutMs: 500 };
  const { request } = connectTo(server.url, options);
  const followers = Array.from({ length: 18 }, () => request({ long: true }));
  await expect.poll(() => followers.every((made) => bytesOf(made) === 1)).toBe(true);
  const late = request({ long: true });
  expect(await late.end).toMatchObject({
    failure: {
      kind: "local",
      code: Code.ResourceExhausted,
      message: `no connection to ${server.url} had room for the call within 500 ms: 2 connections are open, the most that maxConnections allows, with 18 calls on them, and the server allows 10 on each; raise maxConnections, or run fewer followers and waits at a time`,
    },
  });
  expect(late.told).toEqual(["closed"]);
  // There is still room for a short one, and for a long one where another has ended.
  await expect.poll(() => bytesOf(request())).toBe(0);
  const waiting = request({ long: true });
  followers[3]?.stream.cancel();
  await expect.poll(() => bytesOf(waiting)).toBe(1);
});

test("those who wait are served in their order, and one that leaves is left out", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 1 } });
  const { request } = connectTo(server.url, { maxConnections: 1 });
  const runs = request({ long: true });
  await expect.poll(() => bytesOf(runs)).toBe(1);
  const limit = new Limit();
  const cancelled = request({ long: true });
  const ended = request({ limit });
  const second = request({ long: true });
  const third = request();
  cancelled.stream.cancel();
  limit.end(() => new Error("enough"));
  expect(await ended.end).toMatchObject({ failure: { kind: "local", code: Code.Canceled } });
  runs.stream.cancel();
  await expect.poll(() => bytesOf(second)).toBe(1);
  expect(third.told).toEqual([]);
  second.stream.cancel();
  await expect.poll(() => bytesOf(third)).toBe(1);
  expect(cancelled.told).toEqual([]);
  expect(server.sessions).toHaveLength(1);
});

test("a server that allows no streams at first is waited for, on one connection", async () => {
  const server = await startHttp2Server(answer, { settings: { maxConcurrentStreams: 0 } });
  const { request } = connectTo(server.url);
  const calls = Array.from({ length: 200 }, (_, n) => request({ long: n % 2 === 0 }));
  await expect.poll(() => server.sessions[0]?.remoteSettings).toBeDefined();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(server.sessions).toHaveLength(1);
  expect(calls.flatMap(({ told }) => told)).toEqual([]);
  server.sessions[0]?.settings({ maxConcurrentStreams: 1_000 });
  await Promise.all(calls.map(({ end }) => end));
  expect(server.sessions).toHaveLength(1);
});

test("one that goes on to allow none is told, as it may pass", async () => {
  const server = await startHttp2Server(answer, { settings: { maxConcurrentStreams: 0 } });
  const { request } = connectTo(server.url, { connectTimeoutMs: 300 });
  expect(await request().end).toMatchObject({
    failure: {
      kind: "refused",
      code: Code.Unavailable,
      message: `cannot connect to ${server.url}: its HTTP/2 settings allow no streams (MAX_CONCURRENT_STREAMS is 0), and did so for 300 ms`,
    },
  });
  expect(server.sessions).toHaveLength(1);
});

test("one that closes its connection with no streams allowed gets another", async () => {
  const server = await startHttp2Server(answer, { settings: { maxConcurrentStreams: 0 } });
  const { request } = connectTo(server.url);
  const call = request();
  await expect.poll(() => server.sessions[0]?.remoteSettings).toBeDefined();
  server.server.updateSettings({ maxConcurrentStreams: 10 });
  await expect.poll(() => server.sessions.length).toBe(1);
  server.sessions[0]?.close();
  await call.end;
  expect(call.told).toContain("trailers");
  expect(server.sessions).toHaveLength(2);
});

test("where some connections are refused, calls that others have room for are answered", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 10 } });
  const { request } = connectTo(server.url);
  const first = request({ long: true });
  await expect.poll(() => bytesOf(first)).toBe(1);
  // Like a proxy that allows five connections.
  server.server.on("connection", (socket: Socket) => {
    if (server.sockets.size > 5) {
      socket.destroy();
    }
  });
  const followers = Array.from({ length: 99 }, () => request({ long: true }));
  const ends = await Promise.all(
    followers.map(async (made) => {
      const heard = expect.poll(() => bytesOf(made)).toBe(1);
      return await Promise.race([made.end, heard.then(() => "heard")]);
    }),
  );
  const refused = ends.filter((end) => end !== "heard");
  expect(refused.length).toBeGreaterThanOrEqual(99 - 44);
  expect(refused.length).toBeLessThan(99);
  expect(refused[0]).toMatchObject({ failure: { kind: "refused", code: Code.Unavailable } });
});

test("no call is told of a lack of room while a connection is being opened", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 1 } });
  // Lets the first connection through at once, and the second one after the first call's patience.
  const links: Socket[] = [];
  const gate = closing(await listen(createServer((socket) => links.push(socket))));
  const { connect } = await import("node:net");
  const through = (socket: Socket | undefined) => {
    const upstream = connect(server.port, "127.0.0.1");
    upstream.on("error", () => undefined);
    socket?.pipe(upstream).pipe(socket);
    socket?.on("close", () => upstream.destroy());
  };
  const options = { connectTimeoutMs: 2_000, maxConnections: 2 };
  const { request } = connectTo(`http://127.0.0.1:${gate.port}`, options);
  const first = request({ long: true });
  await expect.poll(() => links.length).toBe(1);
  through(links[0]);
  await expect.poll(() => bytesOf(first)).toBe(1);
  const second = request({ long: true });
  await expect.poll(() => links.length).toBe(2);
  setTimeout(() => through(links[1]), 1_000);
  await expect.poll(() => bytesOf(second)).toBe(1);
  const third = request({ long: true });
  expect(await third.end).toMatchObject({ failure: { code: Code.ResourceExhausted } });
});
