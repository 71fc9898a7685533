import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { Limit } from "../../../src/async/limit.js";
import { FailureThrown } from "../../../src/errors/outcome.js";
import { collectGarbage } from "../../support/collect-garbage.js";
import { bytesOf, connectTo } from "./support/http2-calls.js";
import { answer, follow, startHttp2Server } from "./support/http2-server.js";

const HEADERS = { ":method": "POST", ":path": "/" };
const WISHES = { long: false, affinity: undefined };

test("a stream can be had without the rest, with the connection that carries it", async () => {
  const server = await startHttp2Server(answer);
  const { pool } = connectTo(server.url);
  const { stream, connection } = await pool.open(HEADERS, { ...WISHES, limit: new Limit() });
  stream.end();
  let body = "";
  for await (const chunk of stream) {
    body += chunk;
  }
  expect(body).toBe("done");
  const affinity = connection;
  const again = await pool.open(HEADERS, { ...WISHES, affinity, limit: new Limit() });
  expect(again.connection === connection).toBe(true);
  const limit = new Limit();
  limit.end(() => new Error("enough"));
  await expect(pool.open(HEADERS, { ...WISHES, limit })).rejects.toBeInstanceOf(FailureThrown);
});

test("a connection and its stream fail with what is known of the loss", async () => {
  const server = await startHttp2Server(follow);
  const { pool } = connectTo(server.url);
  const { stream } = await pool.open(HEADERS, { ...WISHES, limit: new Limit() });
  const error = new Promise((resolve) => stream.once("error", resolve));
  await expect.poll(() => server.sockets.size).toBe(1);
  for (const socket of server.sockets) {
    socket.resetAndDestroy();
  }
  expect(await error).toMatchObject({ failure: { kind: "lost" } });
});

test("a call that asks about a connection waits for that one, even if others have room", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 2 } });
  const { request } = connectTo(server.url);
  const [first, second] = [request({ long: true }), request({ long: true })];
  await expect.poll(() => bytesOf(first) + bytesOf(second)).toBe(2);
  const affinity = first.connection;
  const [one, two] = [request({ affinity }), request({ affinity })];
  await expect.poll(() => bytesOf(one)).toBe(1);
  await expect.poll(() => bytesOf(request())).toBe(0);
  expect(two.told).toEqual([]);
  one.stream.cancel();
  await expect.poll(() => bytesOf(two)).toBe(1);
  expect(two.connection === affinity).toBe(true);
});

test("one that waits for a connection that is lost gets another", async () => {
  const server = await startHttp2Server(follow, { settings: { maxConcurrentStreams: 2 } });
  const { request } = connectTo(server.url);
  const made = request({ long: true });
  await expect.poll(() => bytesOf(made)).toBe(1);
  const affinity = made.connection;
  const [one, two] = [request({ affinity }), request({ affinity })];
  await expect.poll(() => bytesOf(one)).toBe(1);
  affinity?.destroy("is silent");
  await expect.poll(() => bytesOf(two)).toBe(1);
  expect(two.connection === affinity).toBe(false);
});

test("an avoided connection takes those that ask about it, and no others", async () => {
  const server = await startHttp2Server(follow);
  const { request } = connectTo(server.url);
  const made = request({ long: true });
  await expect.poll(() => bytesOf(made)).toBe(1);
  const affinity = made.connection;
  affinity?.avoid();
  const [about, other] = [request({ affinity }), request()];
  await expect.poll(() => bytesOf(about) + bytesOf(other)).toBe(2);
  expect(about.connection === affinity).toBe(true);
  expect(other.connection === affinity).toBe(false);
});

test("a connection does not hold on to the call that it was opened for", async () => {
  const server = await startHttp2Server(follow);
  const { request } = connectTo(server.url);
  const calls = new AsyncLocalStorage<object>();
  // In a function of its own, whose variables are forgotten.
  const call = async () => {
    const store = {};
    const made = calls.run(store, () => request({ long: true }));
    // Not by `expect.poll`, which is kept until the test is over.
    while (bytesOf(made) === 0) {
      await new Promise(setImmediate);
    }
    made.stream.cancel();
    return new WeakRef(store);
  };
  const held = await call();
  const other = request({ long: true });
  await expect.poll(() => bytesOf(other)).toBe(1);
  await expect
    .poll(() => {
      collectGarbage();
      return held.deref();
    })
    .toBeUndefined();
  expect(server.sessions).toHaveLength(1);
});
