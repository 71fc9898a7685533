import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { Process_State, ProcessSchema, ProcessService } from "../../../src/gen.js";
import { createStubTransport, type StubTransport } from "../../../src/stub/index.js";
import { collect } from "../../support/collect.js";
import { inSteps } from "../../support/in-steps.js";
import { rejection } from "../../support/rejection.js";
import { type PlainClient, read } from "./support.js";

const BOTH_STREAMS = ["printf 0123456789", "printf abcdefghij >&2", "printf K"] as const;

describe("in memory", () => {
  let stub: StubTransport;
  let client: PlainClient;

  beforeEach(() => {
    stub = createStubTransport();
    client = createClient(ProcessService, stub.transport);
  });
  afterEach(() => stub.close());

  async function create(script: string): Promise<string> {
    const process = { command: "/bin/sh", args: ["-c", script] };
    return (await client.createProcess({ parent: stub.parent, process })).process?.name ?? "";
  }

  async function finish(script: string): Promise<string> {
    const name = await create(script);
    await client.startProcess({ name });
    await client.waitProcess({ name });
    return name;
  }

  /** Each step is a message of its own, in this order. */
  async function finishInSteps(...[first, ...others]: readonly [string, ...string[]]) {
    const { script, next } = inSteps(first, ...others);
    const name = await create(script);
    await client.startProcess({ name });
    for await (const _ of client.streamOutput({ name })) {
      next(stub.engines.get(stub.parent)?.rootDirectory ?? "");
    }
    return name;
  }

  const state = async (name: string) => (await client.getProcess({ name })).process?.state;

  describe("status", () => {
    test("fails a call before it has an effect, with all that an error can carry", async () => {
      const name = await create("true");
      stub.faults.add({
        method: "StartProcess",
        fault: "status",
        code: Code.Unavailable,
        message: "come back later",
        metadata: { "grpc-retry-pushback-ms": "1000" },
        details: [{ desc: ProcessSchema, value: { name: "a detail" } }],
      });
      const error = ConnectError.from(await rejection(client.startProcess({ name })));
      expect(error).toMatchObject({ code: Code.Unavailable, rawMessage: "come back later" });
      expect(error.metadata.get("grpc-retry-pushback-ms")).toBe("1000");
      expect(error.findDetails(ProcessSchema)).toMatchObject([{ name: "a detail" }]);
      expect(await state(name)).toBe(Process_State.PENDING);
    });

    test("fails a call after it had its effect", async () => {
      const name = await create("exit 3");
      stub.faults.add({
        method: "StartProcess",
        fault: "status",
        code: Code.Unavailable,
        at: "after",
      });
      expect(await rejection(client.startProcess({ name }))).toMatchObject({
        code: Code.Unavailable,
      });
      expect((await client.waitProcess({ name })).process?.exitCode).toBe(3);
    });

    test("takes the place of an error, too", async () => {
      stub.faults.add({ method: "*", fault: "status", code: Code.Aborted, at: "after" });
      const name = `${stub.parent}/processes/missing`;
      expect(await rejection(client.getProcess({ name }))).toMatchObject({ code: Code.Aborted });
      stub.faults.add({ method: "*", fault: "status", code: Code.Aborted, at: "after" });
      const { error } = await read(client.streamOutput({ name }));
      expect(error).toMatchObject({ code: Code.Aborted });
    });

    test("leaves an error as it is where it is not due", async () => {
      stub.faults.add({ method: "*", nth: "every", fault: "delay", ms: 0, at: "after" });
      const name = `${stub.parent}/processes/missing`;
      expect(await rejection(client.getProcess({ name }))).toMatchObject({ code: Code.NotFound });
      const { error } = await read(client.streamOutput({ name }));
      expect(error).toMatchObject({ code: Code.NotFound });
    });
  });

  describe("in output", () => {
    test("strikes after each number of bytes that there is, both streams together", async () => {
      const name = await finishInSteps(...BOTH_STREAMS);
      const whole = (await read(client.streamOutput({ name }))).text;
      expect(whole).toHaveLength(21);
      for (let bytes = 0; bytes <= whole.length; bytes += 1) {
        const code = Code.Aborted;
        stub.faults.add({ method: "StreamOutput", fault: "status", code, at: { bytes } });
        const { text, error } = await read(client.streamOutput({ name }));
        expect(text).toBe(whole.slice(0, bytes));
        expect(error).toMatchObject({ code });
      }
    });

    test("never strikes beyond the end", async () => {
      const name = await finish("printf 0123");
      const fault = stub.faults.add({
        method: "StreamOutput",
        fault: "status",
        code: Code.Aborted,
        at: { bytes: 5 },
      });
      expect(await read(client.streamOutput({ name }))).toEqual({ text: "0123", error: undefined });
      expect(fault.fired).toBe(0);
    });

    test("does not wait for the byte after it", async () => {
      const name = await create("printf 0123; exec sleep 60");
      stub.faults.add({ method: "StreamOutput", fault: "end", at: { bytes: 4 } });
      await client.startProcess({ name });
      expect((await read(client.streamOutput({ name }))).text).toBe("0123");
      stub.faults.add({ method: "StreamOutput", fault: "end", at: { bytes: 0 } });
      const pending = await create("true");
      expect((await read(client.streamOutput({ name: pending }))).text).toBe("");
    });

    test("splits a message, and leaves the others whole", async () => {
      const name = await finish("printf 0123456789");
      stub.faults.add({ method: "StreamOutput", fault: "delay", ms: 0, at: { bytes: 3 } });
      stub.faults.add({ method: "StreamOutput", fault: "end", at: { bytes: 7 } });
      const messages = await collect(client.streamOutput({ name }));
      expect(messages.map(({ data }) => Buffer.from(data).toString())).toEqual(["012", "3456"]);
      expect(new Set(messages.map(({ stream }) => stream)).size).toBe(1);
    });

    test("strikes after a number of messages", async () => {
      const name = await finishInSteps(...BOTH_STREAMS);
      for (const [messages, text] of ["", "0123456789", "0123456789abcdefghij"].entries()) {
        stub.faults.add({ method: "StreamOutput", fault: "end", at: { messages } });
        expect(await read(client.streamOutput({ name }))).toEqual({ text, error: undefined });
      }
    });
  });

  describe("delay", () => {
    test.each(["before", "after"] as const)("holds a call up %s it is handled", async (at) => {
      const name = await finish("true");
      stub.faults.add({ method: "GetProcess", fault: "delay", ms: 50, at });
      const start = performance.now();
      await client.getProcess({ name });
      // Timers may fire a millisecond early.
      expect(performance.now() - start).toBeGreaterThan(45);
    });

    test("ends early where it is removed", async () => {
      const name = await finish("true");
      const fault = stub.faults.add({ method: "GetProcess", fault: "delay", ms: 2 ** 31 - 1 });
      const call = client.getProcess({ name });
      await expect.poll(() => fault.fired).toBe(1);
      fault.remove();
      await call;
    });
  });

  describe("hang", () => {
    test("holds a call up until it is removed", async () => {
      const name = await finish("printf 0123456789");
      const fault = stub.faults.add({ method: "StreamOutput", fault: "hang", at: { bytes: 4 } });
      const stream = client.streamOutput({ name })[Symbol.asyncIterator]();
      expect(Buffer.from((await stream.next()).value?.data ?? []).toString()).toBe("0123");
      const next = stream.next();
      await expect.poll(() => fault.fired).toBe(1);
      fault.remove();
      expect(Buffer.from((await next).value?.data ?? []).toString()).toBe("456789");
    });

    test("gives way to the caller's deadline, and to its abort", async () => {
      const name = await finish("true");
      stub.faults.add({ method: "GetProcess", nth: "every", fault: "hang" });
      const late = client.getProcess({ name }, { timeoutMs: 20 });
      expect(await rejection(late)).toMatchObject({ code: Code.DeadlineExceeded });
      const controller = new AbortController();
      const call = rejection(client.getProcess({ name }, { signal: controller.signal }));
      controller.abort();
      expect(await call).toMatchObject({ code: Code.Canceled });
    });

    test("holds many calls up without a warning", async () => {
      const warnings: unknown[] = [];
      const onWarning = (warning: unknown) => warnings.push(warning);
      process.on("warning", onWarning);
      const name = await finish("true");
      const fault = stub.faults.add({ method: "GetProcess", nth: "every", fault: "hang" });
      const calls = Array.from({ length: 20 }, () => client.getProcess({ name }));
      await expect.poll(() => fault.fired).toBe(20);
      stub.faults.clear();
      await Promise.all(calls);
      process.off("warning", onWarning);
      expect(warnings).toEqual([]);
    });

    test("ends with the stub", async () => {
      const fault = stub.faults.add({ method: "ListProcesses", fault: "hang" });
      const call = rejection(client.listProcesses({ parent: stub.parent }));
      await expect.poll(() => fault.fired).toBe(1);
      await stub.close();
      expect(await call).toMatchObject({ code: Code.NotFound });
    });
  });

  test("drop loses the response to an effect, and tells UNAVAILABLE", async () => {
    const processId = "once";
    const request = { parent: stub.parent, process: { command: "true" }, processId };
    stub.faults.add({ method: "CreateProcess", fault: "drop" });
    expect(await rejection(client.createProcess(request))).toMatchObject({
      code: Code.Unavailable,
    });
    expect(await rejection(client.createProcess(request))).toMatchObject({
      code: Code.AlreadyExists,
    });
    expect(stub.faults.calls("CreateProcess")).toBe(2);
  });
});
