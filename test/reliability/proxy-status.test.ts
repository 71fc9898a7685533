import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ProcessClient, RetryEvent } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { FOREVER, shell } from "../support/commands.js";
import { texts } from "../support/output.js";
import { rejection } from "../support/rejection.js";
import { clientVia, FAST_RETRY, WAYS } from "./support/ways.js";

const STATUSES = [502, 503, 504, 429];
const AUTO_RUN = { autoRun: true };
const SPEC = shell("echo out");

describe.each(WAYS)(
  "a proxy that answers in the server's place, over $protocol and HTTP/$httpVersion",
  (way) => {
    let stub: StubServer;
    let client: ProcessClient;
    let retries: RetryEvent[];
    beforeEach(async () => {
      stub = await startStubServer();
      retries = [];
      client = clientVia(stub, stub, way, {
        // A call that takes longer than the longest pause would be looked after by Get.
        retry: { ...FAST_RETRY, maxDelayMs: 2_000, maxOutageMs: 5_000 },
        onRetry: (event) => retries.push(event),
      });
    });
    afterEach(async () => {
      client.close();
      await stub.close();
    });

    it.each(STATUSES)("HTTP %i: reads, follows and waits are sent again", async (status) => {
      const { name } = await client.createProcess(stub.parent, SPEC, AUTO_RUN);
      for (const method of [
        "StreamOutput",
        "WaitProcess",
        "GetProcess",
        "ReadOutput",
        "ListProcesses",
      ] as const) {
        stub.faults.add({ method, fault: "http", status });
      }
      expect(texts(await collect(client.streamOutput(name))).stdout).toBe("out\n");
      expect(await client.waitProcess(name)).toMatchObject({ exitCode: 0 });
      stub.faults.add({ method: "GetProcess", fault: "http", status });
      expect(await client.waitProcessByPolling(name)).toMatchObject({ exitCode: 0 });
      expect(Buffer.from(await client.readOutput(name)).toString()).toBe("out\n");
      expect((await client.listProcesses(stub.parent)).processes).toHaveLength(1);
      expect(retries).toHaveLength(6);
      for (const { error } of retries) {
        expect(error).toMatchObject({ code: Code.Unavailable });
        expect(String(error)).toContain(`HTTP ${status}`);
      }
    });

    it.each(STATUSES)(
      "HTTP %i, before or after the effect: one process, one start",
      async (status) => {
        for (const at of ["before", "after"] as const) {
          stub.faults.add({ method: "CreateProcess", fault: "http", status, at });
          stub.faults.add({ method: "StartProcess", fault: "http", status, at });
          const { name } = await client.createProcess(stub.parent, SPEC);
          expect((await client.startProcess(name)).state).not.toBe("STATE_PENDING");
        }
        expect((await client.listProcesses(stub.parent)).processes).toHaveLength(2);
        // After the effect a look settles it; before, the look shows that it has to be sent again.
        expect(stub.faults.calls("CreateProcess")).toBe(3);
        expect(stub.faults.calls("StartProcess")).toBe(3);
      },
    );

    it.each(STATUSES)("HTTP %i: a signal is an error, and not sent again", async (status) => {
      const { name } = await client.createProcess(stub.parent, FOREVER, AUTO_RUN);
      stub.faults.add({ method: "SendSignal", fault: "http", status });
      expect(await rejection(client.sendSignal(name, "SIGTERM"))).toMatchObject({
        code: Code.Unavailable,
      });
      expect(stub.faults.calls("SendSignal")).toBe(1);
      expect(retries).toEqual([]);
    });

    it("HTTP 429 with Retry-After: is asked again then, and not before", async () => {
      const { name } = await client.createProcess(stub.parent, SPEC, AUTO_RUN);
      const headers = { "retry-after": "1" };
      for (const method of ["GetProcess", "StreamOutput", "WaitProcess"] as const) {
        stub.faults.add({ method, fault: "http", status: 429, headers });
      }
      const began = performance.now();
      await Promise.all([client.getProcess(name), client.waitProcess(name)]);
      expect(performance.now() - began).toBeGreaterThan(990);
      expect(texts(await collect(client.streamOutput(name))).stdout).toBe("out\n");
      expect(retries.map(({ delayMs }) => delayMs)).toEqual([1000, 1000, 1000]);
    });

    it("HTTP 429 with a Retry-After beyond the budget: fails at once", async () => {
      const { name } = await client.createProcess(stub.parent, SPEC, AUTO_RUN);
      stub.faults.add({
        method: "*",
        nth: "every",
        fault: "http",
        status: 429,
        headers: { "retry-after": "3600" },
      });
      const calls: Record<string, () => Promise<unknown>> = {
        get: () => client.getProcess(name),
        list: () => client.listProcesses(stub.parent),
        wait: () => client.waitProcess(name),
        poll: () => client.waitProcessByPolling(name),
        follow: () => collect(client.streamOutput(name)),
        signal: () => client.sendSignal(name, "SIGTERM"),
        create: () => client.createProcess(stub.parent, SPEC),
        start: () => client.startProcess(name),
      };
      for (const [title, call] of Object.entries(calls)) {
        const error = await rejection(call());
        expect(error, title).toMatchObject({ code: Code.Unavailable });
        expect(String(error), title).toContain("HTTP 429");
      }
      expect(retries).toEqual([]);
    });
  },
);
