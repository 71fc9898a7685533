import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from "node:http2";

import { toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { describe, expect, onTestFinished, test, vi } from "vitest";

import { GetProcessRequestSchema, Process_State } from "../../../src/gen.js";
import type { StubServer } from "../../../src/stub/index.js";
import { rejection } from "../../support/rejection.js";
import { connectRaw } from "../server/raw-connection.js";
import { read, startFaultyServer } from "./support.js";

const SERVICE = "/ai.h2o.engine.sandbox.v1.ProcessService";

function openSession({ url }: StubServer): ClientHttp2Session {
  const session = connectHttp2(url);
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** Calls with a request of GetProcess's shape, which those of other methods share. */
function call(
  session: ClientHttp2Session,
  { token }: StubServer,
  method: string,
  name: string,
): ClientHttp2Stream {
  const request = toBinary(GetProcessRequestSchema, {
    $typeName: "ai.h2o.engine.sandbox.v1.GetProcessRequest",
    name,
  });
  const stream = session.request({
    ":method": "POST",
    ":path": `${SERVICE}/${method}`,
    authorization: `Bearer ${token}`,
    "content-type": "application/grpc",
  });
  stream.on("error", () => {});
  stream.resume();
  stream.end(encodeEnvelope(0, request));
  return stream;
}

/** The code that a stream ends with. */
const closed = (stream: ClientHttp2Stream) =>
  new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));

describe("HTTP/1.1", () => {
  async function exchange(stub: StubServer): Promise<{ received: string; error: unknown }> {
    const { socket, receivedUntilClosed } = await connectRaw(stub.port);
    let error: unknown;
    socket.on("error", (reason) => {
      error = reason;
    });
    const body = JSON.stringify({ parent: stub.parent });
    socket.write(
      `POST ${SERVICE}/ListProcesses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
        `Authorization: Bearer ${stub.token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return { received: (await receivedUntilClosed()).toString(), error };
  }

  test("reset is a RST, and close is a FIN", async () => {
    const { stub } = await startFaultyServer();
    for (const at of ["before", "after"] as const) {
      stub.faults.add({ method: "*", fault: "reset", at });
      expect(await exchange(stub)).toMatchObject({ received: "", error: { code: "ECONNRESET" } });
      stub.faults.add({ method: "*", fault: "close", at });
      expect(await exchange(stub)).toEqual({ received: "", error: undefined });
    }
  });

  test("goaway closes the connection after the response, or before it", async () => {
    const { stub } = await startFaultyServer();
    stub.faults.add({ method: "*", fault: "goaway" });
    const { received } = await exchange(stub);
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received).toMatch(/\r\nconnection: close\r\n/i);
    stub.faults.add({ method: "*", fault: "goaway", processed: false });
    expect((await exchange(stub)).received).toBe("");
  });

  test("http answers with the headers and the body that were asked for", async () => {
    const { stub } = await startFaultyServer();
    stub.faults.add({ method: "*", fault: "http", status: 502 });
    stub.faults.add({
      method: "*",
      nth: 2,
      fault: "http",
      status: 429,
      headers: { "content-type": "text/plain", "retry-after": "1" },
      body: "slow down",
    });
    const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    const byDefault = await fetch(`${stub.url}${SERVICE}/ListProcesses`, request);
    expect(byDefault.status).toBe(502);
    expect(byDefault.headers.get("content-type")).toBe("text/html");
    expect(await byDefault.text()).toContain("<h1>502 Bad Gateway</h1>");
    const asked = await fetch(`${stub.url}${SERVICE}/ListProcesses`, request);
    expect(asked.status).toBe(429);
    expect(asked.headers.get("content-type")).toBe("text/plain");
    expect(asked.headers.get("retry-after")).toBe("1");
    expect(await asked.text()).toBe("slow down");
  });
});

describe("HTTP/2", () => {
  test.each([
    ["NO_ERROR", 0],
    ["INTERNAL_ERROR", 2],
    ["REFUSED_STREAM", 7],
    ["CANCEL", 8],
    ["ENHANCE_YOUR_CALM", 11],
  ] as const)("rst-stream carries the code %s, and spares other calls", async (code, number) => {
    const { stub, start } = await startFaultyServer();
    const name = await start("exec sleep 60");
    const session = openSession(stub);
    const follower = call(session, stub, "StreamOutput", name);
    stub.faults.add({ method: "GetProcess", fault: "rst-stream", code });
    expect(await closed(call(session, stub, "GetProcess", name))).toBe(number);
    expect(await closed(call(session, stub, "GetProcess", name))).toBe(0);
    expect(follower.closed).toBe(false);
    expect(session.closed).toBe(false);
  });

  test.each([
    ["reset", "ECONNRESET"],
    ["close", undefined],
  ] as const)("%s ends all calls of its connection, and no other's", async (fault, code) => {
    const { stub, start, client } = await startFaultyServer();
    const name = await start("exec sleep 60");
    await client.getProcess({ name });
    const session = openSession(stub);
    let error: unknown;
    session.on("error", (reason) => {
      error = reason;
    });
    const ended = new Promise((resolve) => session.once("close", resolve));
    const follower = call(session, stub, "StreamOutput", name);
    stub.faults.add({ method: "SendSignal", fault });
    const signal = call(session, stub, "SendSignal", name);
    await Promise.all([closed(follower), closed(signal), ended]);
    expect(error).toEqual(code === undefined ? undefined : expect.objectContaining({ code }));
    expect((await client.getProcess({ name })).process?.state).toBe(Process_State.RUNNING);
  });

  test("goaway tells the connection's end, and lets its calls go on", async () => {
    const { stub, start } = await startFaultyServer();
    const name = await start("exec sleep 60");
    const session = openSession(stub);
    const goaway = once(session, "goaway");
    const follower = call(session, stub, "StreamOutput", name);
    stub.faults.add({ method: "GetProcess", fault: "goaway" });
    const get = call(session, stub, "GetProcess", name);
    expect((await goaway).slice(0, 2)).toEqual([0, 3]);
    expect(await closed(get)).toBe(0);
    expect(follower.closed).toBe(false);
  });

  test("goaway carries a code and debug data", async () => {
    const { stub, start } = await startFaultyServer();
    const name = await start("true");
    const session = openSession(stub);
    const goaway = once(session, "goaway");
    const code = "ENHANCE_YOUR_CALM";
    stub.faults.add({ method: "*", fault: "goaway", code, debugData: "too_many_pings" });
    call(session, stub, "GetProcess", name);
    const [number, , data] = await goaway;
    expect([number, String(data)]).toEqual([11, "too_many_pings"]);
  });

  test.each([
    ["first", 1, 1],
    ["second", 2, 1],
  ] as const)("goaway disowns a connection's %s call", async (_title, nth, lastStream) => {
    const { stub, create, client } = await startFaultyServer();
    const name = await create("true");
    stub.faults.add({ method: "StartProcess", fault: "goaway", processed: false });
    const session = openSession(stub);
    const goaway = once(session, "goaway");
    if (nth === 2) {
      expect(await closed(call(session, stub, "GetProcess", name))).toBe(0);
    }
    expect(await closed(call(session, stub, "StartProcess", name))).toBe(7);
    expect((await goaway).slice(0, 2)).toEqual([0, lastStream]);
    expect((await client.getProcess({ name })).process?.state).toBe(Process_State.PENDING);
  });

  test("blackhole leaves pings unanswered until it is removed", async () => {
    const { stub, create } = await startFaultyServer();
    const name = await create("true");
    const session = openSession(stub);
    expect(await closed(call(session, stub, "GetProcess", name))).toBe(0);
    const fault = stub.faults.add({ method: "GetProcess", fault: "blackhole" });
    const get = call(session, stub, "GetProcess", name);
    await expect.poll(() => fault.fired).toBe(1);
    // What was sent before is let through first, and pings with it.
    const { pong } = await vi.waitFor(
      async () => {
        const pong = new Promise<string>((resolve) => session.ping(() => resolve("answered")));
        const silence = new Promise((resolve) => setTimeout(resolve, 200, "silent"));
        expect(await Promise.race([pong, silence])).toBe("silent");
        return { pong };
      },
      { timeout: 20_000 },
    );
    expect(get.closed).toBe(false);
    fault.remove();
    await pong;
    expect(await closed(get)).toBe(0);
  });

  test("blackhole outlives its call, and needs each of several to be removed", async () => {
    const { stub, create, client } = await startFaultyServer();
    const name = await create("true");
    await client.getProcess({ name });
    const first = stub.faults.add({ method: "GetProcess", fault: "blackhole" });
    const second = stub.faults.add({ method: "GetProcess", fault: "blackhole" });
    const controller = new AbortController();
    const gone = rejection(client.getProcess({ name }, { signal: controller.signal }));
    await expect.poll(() => first.fired).toBe(1);
    controller.abort();
    expect(await gone).toMatchObject({ code: Code.Canceled });
    expect(second.fired).toBe(0);
    const call = client.getProcess({ name });
    const still = () => Promise.race([call, new Promise((ok) => setTimeout(ok, 100, "silent"))]);
    second.remove();
    expect(await still()).toBe("silent");
    first.remove();
    expect((await call).process?.name).toBe(name);
  });
});

describe.each(["reset", "rst-stream", "close"] as const)("%s in output", (fault) => {
  test("delivers every byte before it to a client that reads", async () => {
    const { stub, client, start } = await startFaultyServer();
    const bytes = 3_000_001;
    const name = await start("yes | head -c 4000000");
    stub.faults.add({ method: "StreamOutput", fault, at: { bytes } });
    const { text, error } = await read(client.streamOutput({ name }));
    expect(text.length).toBe(bytes);
    expect(error).toBeDefined();
  });
});

describe("closeConnections", () => {
  test.each(["close", "reset"] as const)(
    "ends all of them by a %s, not the server",
    async (how) => {
      const { stub, start, connect } = await startFaultyServer();
      const name = await start("echo on; exec sleep 60");
      const clients = [connect(), connect()];
      // A reset that meets a write, such as that of a new connection's settings, is told to that
      // write, and Node's client takes it for a close.
      await Promise.all(clients.map((client) => client.getProcess({ name })));
      const streams = clients.map((client) => {
        const stream = client.streamOutput({ name })[Symbol.asyncIterator]();
        return { stream, first: stream.next() };
      });
      await Promise.all(streams.map(({ first }) => first));
      stub.faults.closeConnections(how);
      for (const { stream } of streams) {
        expect(await rejection(stream.next())).toMatchObject({
          code: how === "reset" ? Code.Aborted : Code.Canceled,
        });
      }
      expect((await connect().getProcess({ name })).process?.state).toBe(Process_State.RUNNING);
    },
  );

  test("takes connections after a restart of the server, too", async () => {
    const { stub, start, connect } = await startFaultyServer();
    const name = await start("echo on; exec sleep 60");
    await stub.stop();
    await stub.listen();
    const stream = connect().streamOutput({ name })[Symbol.asyncIterator]();
    await stream.next();
    stub.faults.closeConnections();
    expect(await rejection(stream.next())).toMatchObject({ code: Code.Canceled });
  });
});
