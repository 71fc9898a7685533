import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { WaitTimeoutError } from "../../../src/index.js";
import { FOREVER, shell } from "../../support/commands.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** Both ways to wait for the end of a process. */
export function defineWaiting(target: ContractTarget): void {
  describe.concurrent("waiting for a process", () => {
    const open = useTarget(target);
    const start = async (spec = FOREVER) => {
      const { client, parent } = open();
      return (await client.createProcess(parent, spec, { autoRun: true })).name;
    };

    it("gives the finished process, to as many as wait, and again afterwards", async () => {
      const { client } = open();
      const name = await start(shell("sleep 0.2; exit 9"));
      const waits = Array.from({ length: 3 }, () => client.waitProcess(name));
      const [first, ...others] = await Promise.all(waits);
      expect(first).toMatchObject({ name, state: "STATE_FAILED", exitCode: 9 });
      expect(first?.endTime).toBeInstanceOf(Date);
      expect(await client.waitProcess(name)).toEqual(first);
      expect(others).toEqual([first, first]);
    });

    it("ends with WaitTimeoutError at timeoutMs, and the process goes on", async () => {
      const { client } = open();
      const name = await start();
      for (const timeoutMs of [0, 150]) {
        const begin = performance.now();
        const error = await rejection(client.waitProcess(name, { timeoutMs }));
        expect(performance.now() - begin).toBeGreaterThanOrEqual(timeoutMs);
        expect(error).toBeInstanceOf(WaitTimeoutError);
        expect(error).toMatchObject({
          code: Code.DeadlineExceeded,
          timeoutMs,
          process: { name, state: "STATE_RUNNING" },
          message: `process ${name} did not reach final state within ${timeoutMs / 1000} s: its state is STATE_RUNNING`,
        });
      }
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
    });

    it("with a timeout of 0 looks once, and returns what has finished", async () => {
      const { client, parent } = open();
      const { process } = await client.runProcess(parent, shell("exit 0"));
      expect(await client.waitProcess(process.name, { timeoutMs: 0 })).toEqual(process);
      const polled = await client.waitProcessByPolling(process.name, { timeoutSeconds: 0 });
      expect(polled).toEqual(process);
    });

    it("is NOT_FOUND for a process that does not exist", async () => {
      const { client, parent } = open();
      const name = `${parent}/processes/missing`;
      const refusal = { code: Code.NotFound };
      await expect(client.waitProcess(name)).rejects.toMatchObject(refusal);
      await expect(client.waitProcessByPolling(name)).rejects.toMatchObject(refusal);
    });
  });

  describe.concurrent("waiting by polling", () => {
    const open = useTarget(target);
    const start = async (spec = FOREVER) => {
      const { client, parent } = open();
      return (await client.createProcess(parent, spec, { autoRun: true })).name;
    };

    it.each([null, undefined, 60])(
      "gives the finished process (timeoutSeconds: %s)",
      async (timeoutSeconds) => {
        const { client } = open();
        const name = await start(shell("sleep 0.2; exit 9"));
        const ended = await client.waitProcessByPolling(name, {
          timeoutSeconds,
          pollIntervalSeconds: 0.05,
        });
        expect(ended).toMatchObject({ name, state: "STATE_FAILED", exitCode: 9 });
      },
    );

    it.each([0, 0.2])("ends with WaitTimeoutError at its limit of %s s", async (timeoutSeconds) => {
      const { client } = open();
      const name = await start();
      const begin = performance.now();
      const wait = client.waitProcessByPolling(name, { timeoutSeconds, pollIntervalSeconds: 30 });
      const error = await rejection(wait);
      const elapsed = performance.now() - begin;
      expect(elapsed).toBeGreaterThanOrEqual(timeoutSeconds * 1000);
      // It never sleeps past its limit, however long the interval is.
      expect(elapsed).toBeLessThan(15_000);
      expect(error).toBeInstanceOf(WaitTimeoutError);
      expect(error).toMatchObject({
        code: Code.DeadlineExceeded,
        timeoutMs: timeoutSeconds * 1000,
        process: { name, state: "STATE_RUNNING" },
        message: `process ${name} did not reach final state within ${timeoutSeconds} s: its state is STATE_RUNNING`,
      });
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
    });

    it("tells a process that was never started as PENDING", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, FOREVER);
      const error = await rejection(client.waitProcessByPolling(name, { timeoutSeconds: 0 }));
      expect(error).toMatchObject({
        process: { state: "STATE_PENDING" },
        message: expect.stringContaining("STATE_PENDING"),
      });
    });
  });
}
