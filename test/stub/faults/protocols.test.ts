import { Code, ConnectError } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";

import { Process_State, ProcessSchema } from "../../../src/gen.js";
import { makeTestCertificates, type TestCertificates } from "../../support/certificates.js";
import { rejection } from "../../support/rejection.js";
import { PROTOCOLS, REST } from "../server/protocols.js";
import { type FaultyServer, read, startFaultyServer } from "./support.js";

const STEPS = ["printf 0123456789", "printf abcdefghij >&2"] as const;
const OUTPUT = "0123456789abcdefghij";

let certificates: TestCertificates;

beforeAll(async () => {
  certificates = await makeTestCertificates();
});

const OVER_TLS = ["gRPC over HTTP/2", "Connect over HTTP/1.1", "REST over HTTP/1.1"];
const OVER_ANY = [...PROTOCOLS.filter(([name]) => !name.includes("JSON")), REST];

const CASES = [
  ...OVER_ANY.map(([name, protocol]) => ({ name, protocol, layer: "cleartext" })),
  ...OVER_ANY.filter(([name]) => OVER_TLS.includes(name)).map(([name, protocol]) => ({
    name,
    protocol,
    layer: "TLS",
  })),
];

describe.each(CASES)("$name over $layer", ({ name, protocol, layer }) => {
  const isHttp2 = name.includes("HTTP/2");
  const isRpc = !name.startsWith("REST");
  const hasStatusAtHead = name.startsWith("Connect") || !isRpc;

  const start = (): Promise<FaultyServer> =>
    startFaultyServer(protocol, layer === "TLS" ? certificates : undefined);

  test("tells a status with its message, metadata and details", async () => {
    const { stub, client, create } = await start();
    const fault = {
      method: "*",
      fault: "status",
      code: Code.ResourceExhausted,
      message: "50% off: wait",
      metadata: { "retry-after": "7" },
      details: [{ desc: ProcessSchema, value: { name: "a detail" } }],
    } as const;
    const name = await create("true");
    stub.faults.add(fault);
    const refused = await rejection(client.startProcess({ name }));
    stub.faults.add(fault);
    const { text, error } = await read(client.streamOutput({ name }));
    expect(text).toBe("");
    for (const told of [refused, error].map((reason) => ConnectError.from(reason))) {
      expect(told).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "50% off: wait" });
      expect(told.metadata.get("retry-after")).toBe("7");
      // In JSON, a client knows a detail's fields, but not its bytes.
      const shown = told.details.map((detail) => "debug" in detail && detail.debug);
      const details = isRpc ? told.findDetails(ProcessSchema) : shown;
      expect(details).toMatchObject([{ name: "a detail" }]);
    }
    const { process } = await client.getProcess({ name });
    expect(process?.state).toBe(Process_State.PENDING);
  });

  test("cuts output at exactly the byte, whatever cuts it", async () => {
    const { stub, connect, finishInSteps } = await start();
    const name = await finishInSteps(...STEPS);
    const cuts = [
      { fault: "status", code: Code.Unavailable },
      { fault: "reset" },
      { fault: "close" },
      { fault: "rst-stream" },
      { fault: "no-trailers" },
    ] as const;
    for (const cut of cuts) {
      for (const bytes of [0, 1, 13, OUTPUT.length]) {
        stub.faults.add({ method: "StreamOutput", ...cut, at: { bytes } });
        const { text, error } = await read(connect().streamOutput({ name }));
        expect({ ...cut, bytes, text }).toEqual({ ...cut, bytes, text: OUTPUT.slice(0, bytes) });
        // A stream of REST that ends well tells no status.
        const isTold = cut.fault !== "no-trailers" || isRpc;
        expect(error).toEqual(isTold ? expect.any(ConnectError) : undefined);
      }
    }
  });

  test("ends output early, as if that was all", async () => {
    const { stub, client, finishInSteps } = await start();
    const name = await finishInSteps(...STEPS);
    stub.faults.add({ method: "StreamOutput", fault: "end", at: { bytes: 13 } });
    const { text, error } = await read(client.streamOutput({ name }));
    expect({ text, error }).toEqual({ text: OUTPUT.slice(0, 13), error: undefined });
  });

  test.each(["drop", "reset", "close", "rst-stream"] as const)(
    "executes a call whose response is lost by %s, once",
    async (fault) => {
      const { stub, connect } = await start();
      const processId = "once";
      const request = { parent: stub.parent, process: { command: "true" }, processId };
      stub.faults.add({ method: "CreateProcess", fault, at: "after" });
      const lost = ConnectError.from(await rejection(connect().createProcess(request)));
      const codes = [Code.Canceled, Code.Aborted, Code.Internal, Code.Unavailable];
      expect(codes).toContain(lost.code);
      expect(stub.faults.calls("CreateProcess")).toBe(1);
      expect(await rejection(connect().createProcess(request))).toMatchObject({
        code: Code.AlreadyExists,
      });
    },
  );

  test.each(["reset", "close", "rst-stream"] as const)(
    "does not execute a call that meets a %s before it is handled",
    async (fault) => {
      const { stub, connect, create } = await start();
      const name = await create("true");
      stub.faults.add({ method: "StartProcess", fault });
      await rejection(connect().startProcess({ name }));
      const { process } = await connect().getProcess({ name });
      expect(process?.state).toBe(Process_State.PENDING);
    },
  );

  test("leaves the status out at the end", async () => {
    const { stub, client, finishInSteps } = await start();
    const process = await finishInSteps(...STEPS);
    stub.faults.add({ method: "StreamOutput", fault: "no-trailers" });
    const { text, error } = await read(client.streamOutput({ name: process }));
    expect(text).toBe(OUTPUT);
    const rawMessage = expect.stringMatching(
      /^protocol error: missing (status|trailer|EndStreamResponse)$/,
    );
    expect(error).toEqual(isRpc ? expect.objectContaining({ rawMessage }) : undefined);
    stub.faults.add({ method: "GetProcess", fault: "no-trailers" });
    const unary = client.getProcess({ name: process });
    if (hasStatusAtHead) {
      expect((await unary).process?.name).toBe(process);
    } else {
      expect(ConnectError.from(await rejection(unary)).rawMessage).toMatch(/missing/);
    }
  });

  test("lets a proxy answer, before the call and after it", async () => {
    const { stub, client, create } = await start();
    const name = await create("true");
    const headers = { "retry-after": "3" };
    for (const at of ["before", "after"] as const) {
      stub.faults.add({ method: "StartProcess", fault: "http", status: 503, headers, at });
      const error = ConnectError.from(await rejection(client.startProcess({ name })));
      expect(error.code).toBe(Code.Unavailable);
      expect(error.metadata.get("retry-after")).toBe("3");
      const { process } = await client.getProcess({ name });
      expect(process?.state === Process_State.PENDING).toBe(at === "before");
    }
    stub.faults.add({ method: "StreamOutput", fault: "http", status: 429 });
    const { error } = await read(client.streamOutput({ name }));
    expect(error).toMatchObject({ code: Code.Unavailable });
  });

  test("holds a hanging call up, and its connection's others not", async () => {
    const { stub, client, finishInSteps } = await start();
    const name = await finishInSteps(...STEPS);
    const fault = stub.faults.add({ method: "StreamOutput", fault: "hang", at: { bytes: 5 } });
    const stream = read(client.streamOutput({ name }));
    await expect.poll(() => fault.fired).toBe(1);
    await client.getProcess({ name });
    fault.remove();
    expect((await stream).text).toBe(OUTPUT);
  });

  test("silences a connection until the fault is removed, and loses nothing", async () => {
    const { stub, client, start: run, connect } = await start();
    const name = await run("while sleep 0.01; do echo on; done");
    const stream = client.streamOutput({ name })[Symbol.asyncIterator]();
    await stream.next();
    const fault = stub.faults.add({ method: "GetProcess", fault: "blackhole", at: "after" });
    const call = client.getProcess({ name });
    await expect.poll(() => fault.fired).toBe(1);
    let heard = 0;
    const listening = (async () => {
      for (;;) {
        const { done } = await stream.next();
        heard += 1;
        if (done === true) {
          return;
        }
      }
    })();
    const hearsNothing = async () => {
      const before = heard;
      await connect().getProcess({ name });
      await new Promise((resolve) => setTimeout(resolve, 200));
      return heard === before;
    };
    if (isHttp2) {
      // What was sent before may still arrive.
      await expect.poll(hearsNothing).toBe(true);
    } else {
      // Over HTTP/1.1 the stream has a connection of its own.
      const before = heard;
      await expect.poll(() => heard).toBeGreaterThan(before);
    }
    fault.remove();
    expect((await call).process?.name).toBe(name);
    const after = heard;
    await expect.poll(() => heard).toBeGreaterThan(after);
    await connect().sendSignal({ name, signal: 9 });
    await listening;
  });

  test("stops with calls held up and connections silenced", async () => {
    const { stub, client, connect, finishInSteps } = await start();
    const name = await finishInSteps(...STEPS);
    const hang = stub.faults.add({ method: "GetProcess", fault: "hang" });
    const silence = stub.faults.add({
      method: "StreamOutput",
      fault: "blackhole",
      at: { bytes: 1 },
    });
    const call = rejection(client.getProcess({ name }));
    const stream = read(connect().streamOutput({ name }));
    await expect.poll(() => [hang.fired, silence.fired]).toEqual([1, 1]);
    await stub.close();
    expect(await call).toBeInstanceOf(ConnectError);
    expect(await stream).toMatchObject({ text: "0", error: expect.any(ConnectError) });
  });
});
