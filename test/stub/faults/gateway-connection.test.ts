import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";

import { describe, expect, onTestFinished, test } from "vitest";

import { Process_State } from "../../../src/gen.js";
import type { StubServer } from "../../../src/stub/index.js";
import { connectRaw } from "../server/raw-connection.js";
import { startFaultyServer } from "./support.js";

const headers = ({ token }: StubServer) => ({ authorization: `Bearer ${token}` });

describe("REST over HTTP/1.1", () => {
  test("goaway closes the connection after the response, or before it", async () => {
    const { stub, create } = await startFaultyServer();
    const name = await create("true");
    for (const processed of [true, false]) {
      stub.faults.add({ method: "GetProcess", fault: "goaway", processed });
      const { socket, receivedUntilClosed } = await connectRaw(stub.port);
      socket.write(
        `GET /v1/${name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stub.token}\r\n\r\n`,
      );
      const received = (await receivedUntilClosed()).toString();
      if (processed) {
        expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(received).toMatch(/\r\nconnection: close\r\n/i);
      } else {
        expect(received).toBe("");
      }
    }
  });
});

describe("REST over HTTP/2", () => {
  function openSession({ url }: StubServer) {
    const session = connectHttp2(url);
    session.on("error", () => {});
    onTestFinished(() => session.destroy());
    return session;
  }

  test("goaway tells the connection's end, and lets the call go on", async () => {
    const { stub, create } = await startFaultyServer();
    const name = await create("true");
    const session = openSession(stub);
    const goaway = once(session, "goaway");
    stub.faults.add({ method: "GetProcess", fault: "goaway" });
    const stream = session.request({ ":path": `/v1/${name}`, ...headers(stub) });
    const [response] = await once(stream, "response");
    expect(response[":status"]).toBe(200);
    expect((await goaway).slice(0, 2)).toEqual([0, 1]);
  });

  test.each([
    ["first", 1],
    ["second", 2],
  ] as const)("goaway disowns a connection's %s call", async (_title, nth) => {
    const { stub, create, client } = await startFaultyServer();
    const name = await create("true");
    stub.faults.add({ method: "StartProcess", fault: "goaway", processed: false });
    const session = openSession(stub);
    const errors: unknown[] = [];
    session.on("error", (error) => errors.push(error));
    if (nth === 2) {
      const first = session.request({ ":path": `/v1/${name}`, ...headers(stub) });
      first.on("error", (error) => errors.push(error));
      await once(first, "response");
    }
    const post = { ":method": "POST", ":path": `/v1/${name}:start`, ...headers(stub) };
    const stream = session.request(post);
    stream.on("error", () => {});
    stream.end("{}");
    await new Promise((resolve) => stream.once("close", resolve));
    expect(stream.rstCode).toBe(7);
    expect(errors).toEqual([]);
    expect((await client.getProcess({ name })).process?.state).toBe(Process_State.PENDING);
  });

  test("goaway that disowns a call lets those before it end", async () => {
    const { stub, create, client } = await startFaultyServer();
    const name = await create("echo begun; exec sleep 60");
    await client.startProcess({ name });
    const session = openSession(stub);
    const follow = session.request({ ":path": `/v1/${name}:streamOutput`, ...headers(stub) });
    await once(follow, "data");
    stub.faults.add({ method: "GetProcess", fault: "goaway", processed: false });
    const disowned = session.request({ ":path": `/v1/${name}`, ...headers(stub) });
    disowned.on("error", () => {});
    await new Promise((resolve) => disowned.once("close", resolve));
    await client.sendSignal({ name, signal: 15 });
    await once(follow.resume(), "end");
    expect(follow.rstCode).toBe(0);
    await expect.poll(() => session.destroyed).toBe(true);
  });

  test("rst-stream carries its code, and spares the connection", async () => {
    const { stub, create } = await startFaultyServer();
    const name = await create("true");
    const session = openSession(stub);
    stub.faults.add({ method: "GetProcess", fault: "rst-stream", code: "REFUSED_STREAM" });
    const path = `/v1/${name}`;
    const refused = session.request({ ":path": path, ...headers(stub) });
    refused.on("error", () => {});
    await new Promise((resolve) => refused.once("close", resolve));
    expect(refused.rstCode).toBe(7);
    const [response] = await once(session.request({ ":path": path, ...headers(stub) }), "response");
    expect(response[":status"]).toBe(200);
  });
});
