import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";

import { afterEach, describe, expect, test } from "vitest";

import { HTTP2_PREFACE } from "../../../src/stub/server/detect-http-version.js";
import { connectRaw, type RawConnection } from "./raw-connection.js";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.js";

// An empty SETTINGS frame, with which both sides of HTTP/2 begin.
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const SETTINGS = 4;

describe("a cleartext connection", () => {
  let server: ScriptedServer;

  afterEach(() => server.stop());

  async function connect(detectionTimeoutMs?: number): Promise<RawConnection> {
    server = await startScriptedServer({ detectionTimeoutMs });
    return connectRaw(server.port);
  }

  test("is HTTP/2 when the preface arrives byte by byte", async () => {
    const connection = await connect();
    await connection.trickle(HTTP2_PREFACE);
    connection.socket.write(EMPTY_SETTINGS);
    const received = await connection.receivedUntil((bytes) => bytes.length >= 9);
    expect(received[3]).toBe(SETTINGS);
  });

  test("is HTTP/2 when the preface and the first frames arrive in one packet", async () => {
    const connection = await connect();
    connection.socket.write(Buffer.concat([HTTP2_PREFACE, EMPTY_SETTINGS]));
    const received = await connection.receivedUntil((bytes) => bytes.length >= 9);
    expect(received[3]).toBe(SETTINGS);
  });

  test.each(["GET", "POST", "PUT", "PRI"])(
    "is HTTP/1.1 when a %s arrives byte by byte",
    async (method) => {
      const connection = await connect();
      await connection.trickle(
        `${method} /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      const received = await connection.receivedUntilClosed();
      // Node's parser refuses PRI, which is reserved for the preface.
      const status = { GET: 200, PRI: 400 }[method] ?? 404;
      expect(received.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    },
  );

  test("serves several HTTP/1.1 requests, the first of which came in one packet with the second", async () => {
    const connection = await connect();
    const request = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.socket.write(request + request);
    const bodies = (bytes: Buffer) => bytes.toString().split('{"version":"1.2.3"}').length - 1;
    await connection.receivedUntil((bytes) => bodies(bytes) === 2);
    connection.socket.write(request);
    expect(bodies(await connection.receivedUntil((bytes) => bodies(bytes) === 3))).toBe(3);
  });

  test("that sends garbage is answered 400 and closed", async () => {
    const connection = await connect();
    connection.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x01]));
    expect((await connection.receivedUntilClosed()).toString()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("that sends garbage after the preface is closed, and the server goes on", async () => {
    const connection = await connect();
    connection.socket.write(Buffer.concat([HTTP2_PREFACE, Buffer.alloc(64, 0xff)]));
    await connection.receivedUntilClosed();
    expect((await fetch(`${server.url}/version`)).status).toBe(200);
  });

  test.each([
    ["sends nothing", ""],
    ["stops in the middle of the preface", "PRI * HTTP/2.0\r\n"],
  ])("that %s is closed after the timeout", async (_title, start) => {
    const connection = await connect(50);
    connection.socket.write(start);
    expect(await connection.receivedUntilClosed()).toHaveLength(0);
  });

  test("that ends in the middle of the preface is closed", async () => {
    const connection = await connect();
    connection.socket.end("PRI");
    expect(await connection.receivedUntilClosed()).toHaveLength(0);
  });

  test("is not subject to the timeout any more once its protocol is known", async () => {
    const connection = await connect(3_000);
    await connection.trickle(HTTP2_PREFACE);
    connection.socket.write(EMPTY_SETTINGS);
    await connection.receivedUntil((bytes) => bytes.length >= 9);
    await new Promise((resolve) => setTimeout(resolve, 3_300));
    expect(connection.socket.closed).toBe(false);
  });

  test("tells the limit of concurrent calls that was asked for", async () => {
    server = await startScriptedServer({ maxConcurrentStreams: 7 });
    const session = connectHttp2(server.url);
    const [settings] = await once(session, "remoteSettings");
    expect(settings).toMatchObject({ maxConcurrentStreams: 7 });
    session.destroy();
  });
});
