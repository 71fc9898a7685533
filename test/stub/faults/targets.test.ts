import { Code, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { ProcessService } from "../../../src/gen.js";
import { createStubTransport, type StubTransport } from "../../../src/stub/index.js";
import { rejection } from "../../support/rejection.js";
import type { PlainClient } from "./support.js";

describe("a fault", () => {
  let stub: StubTransport;
  let client: PlainClient;

  beforeEach(() => {
    stub = createStubTransport();
    client = createClient(ProcessService, stub.transport);
  });
  afterEach(() => stub.close());

  const busy = { fault: "status", code: Code.ResourceExhausted } as const;
  const list = () => client.listProcesses({ parent: stub.parent });

  /** For each of so many calls, whether it failed. */
  async function failures(count: number, call: () => Promise<unknown> = list): Promise<boolean[]> {
    const failed: boolean[] = [];
    for (let index = 0; index < count; index += 1) {
      failed.push(
        await call().then(
          () => false,
          () => true,
        ),
      );
    }
    return failed;
  }

  async function create(processId: string): Promise<string> {
    const process = { command: "true" };
    return (
      (await client.createProcess({ parent: stub.parent, process, processId })).process?.name ?? ""
    );
  }

  test("is for the next call by default, and for one only", async () => {
    await list();
    const fault = stub.faults.add({ method: "ListProcesses", ...busy });
    expect(await failures(3)).toEqual([true, false, false]);
    expect(fault.fired).toBe(1);
  });

  test("is for the nth call from the time of adding", async () => {
    await list();
    const fault = stub.faults.add({ method: "ListProcesses", nth: 3, ...busy });
    expect(await failures(4)).toEqual([false, false, true, false]);
    expect(fault.fired).toBe(1);
  });

  test("can be for every call", async () => {
    const fault = stub.faults.add({ method: "ListProcesses", nth: "every", ...busy });
    expect(await failures(3)).toEqual([true, true, true]);
    expect(fault.fired).toBe(3);
  });

  test("is for one method, unless it is for all", async () => {
    const name = await create("p");
    const get = () => client.getProcess({ name });
    const one = stub.faults.add({ method: "GetProcess", ...busy });
    expect(await failures(1)).toEqual([false]);
    expect(await failures(1, get)).toEqual([true]);
    one.remove();
    stub.faults.add({ method: "*", nth: "every", ...busy });
    expect(await failures(1)).toEqual([true]);
    expect(await failures(1, get)).toEqual([true]);
  });

  test("can be for one process, and counts only its calls", async () => {
    const [first, second] = [await create("first"), await create("second")];
    const get = (name: string) => () => client.getProcess({ name });
    stub.faults.add({ method: "*", process: second, nth: 2, ...busy });
    expect(await failures(2, get(first))).toEqual([false, false]);
    expect(await failures(1)).toEqual([false]);
    expect(await failures(3, get(second))).toEqual([false, true, false]);
  });

  test("can be for the process that a call creates", async () => {
    const process = `${stub.parent}/processes/second`;
    stub.faults.add({ method: "CreateProcess", process, ...busy });
    await create("first");
    await create("");
    expect(await rejection(create("second"))).toMatchObject({ code: Code.ResourceExhausted });
  });

  test("does nothing once it is removed, by hand or by `using`", async () => {
    const removed = stub.faults.add({ method: "ListProcesses", nth: "every", ...busy });
    removed.remove();
    removed.remove();
    expect(await failures(1)).toEqual([false]);
    {
      using _scoped = stub.faults.add({ method: "ListProcesses", nth: "every", ...busy });
      expect(await failures(1)).toEqual([true]);
    }
    expect(await failures(1)).toEqual([false]);
    expect(removed.fired).toBe(0);
  });

  test("is what it was when it was added", async () => {
    const fault = { method: "ListProcesses" as const, ...busy, at: "before" as string };
    // @ts-expect-error: a caller in JavaScript can give any object, and change it.
    stub.faults.add(fault);
    fault.at = "never";
    expect(await failures(1)).toEqual([true]);
  });

  test("strikes along with others of the same call, in the order of adding", async () => {
    const delay = stub.faults.add({ method: "ListProcesses", fault: "delay", ms: 1 });
    const first = stub.faults.add({ method: "ListProcesses", ...busy });
    const second = stub.faults.add({ method: "ListProcesses", ...busy, code: Code.Aborted });
    expect(await rejection(list())).toMatchObject({ code: Code.ResourceExhausted });
    expect([delay.fired, first.fired, second.fired]).toEqual([1, 1, 0]);
    expect(await failures(1)).toEqual([false]);
  });

  test("is removed by clear, with all others, which counts calls anew", async () => {
    stub.faults.add({ method: "ListProcesses", nth: "every", ...busy });
    stub.faults.add({ method: "*", nth: 2, ...busy });
    expect(await failures(1)).toEqual([true]);
    expect(stub.faults.calls("*")).toBe(1);
    stub.faults.clear();
    expect(stub.faults.calls("*")).toBe(0);
    expect(await failures(3)).toEqual([false, false, false]);
    expect(stub.faults.calls("ListProcesses")).toBe(3);
  });

  test("leaves calls countable that fail, and those that nobody is allowed", async () => {
    stub.faults.add({ method: "ListProcesses", ...busy });
    await failures(2);
    const headers = { authorization: "Bearer wrong" };
    await rejection(client.getProcess({ name: "wrong" }, { headers }));
    expect(stub.faults.calls("ListProcesses")).toBe(2);
    expect(stub.faults.calls("GetProcess")).toBe(1);
    expect(stub.faults.calls("StreamOutput")).toBe(0);
    expect(stub.faults.calls("*")).toBe(3);
  });
});
