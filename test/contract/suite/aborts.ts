import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, it } from "vitest";
import { FOREVER, shell } from "../../support/commands.js";
import { rejection } from "../../support/rejection.js";
import { until } from "../../support/until.js";
import type { FullContractTarget } from "../contract-target.js";
import { EVERY_CALL, type Subject } from "./every-call.js";
import { useTarget } from "./use-target.js";

/** Aborts and limits of time, in every method. */
export function defineAborts(target: FullContractTarget): void {
  describe("an abort", () => {
    const open = useTarget(target);
    let subject: Subject;
    beforeAll(async () => {
      const { client, parent } = open();
      const stubborn = shell('trap "" TERM; echo ready; exec sleep 600');
      const started = await client.createProcess(parent, stubborn, { autoRun: true });
      await until(client.streamLines(started.name), ([first]) => first?.line === "ready");
      const pending = await client.createProcess(parent, FOREVER);
      subject = { client, parent, spec: FOREVER, started: started.name, pending: pending.name };
    });

    it.each(EVERY_CALL)(
      "of $method under way rejects with the caller's own reason",
      async ({ call, long }) => {
        const controller = new AbortController();
        const { signal } = controller;
        const reason = { the: "caller's own" };
        const outcome = rejection(call(subject, { signal }));
        if (long) {
          await sleep(100);
          expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
        }
        controller.abort(reason);
        expect(await outcome).toBe(reason);
        expect(getEventListeners(signal, "abort")).toHaveLength(0);
      },
    );

    it.each(EVERY_CALL)(
      "before $method sends nothing, and rejects with the caller's own reason",
      async ({ call }) => {
        const sentBefore = open().sent.length;
        const reason = new Error("not any more");
        const signal = AbortSignal.abort(reason);
        expect(await rejection(call(subject, { signal }))).toBe(reason);
        expect(open().sent.slice(sentBefore)).toEqual([]);
      },
    );

    it.each(EVERY_CALL)(
      "that never comes leaves no listener of $method behind",
      async ({ call }) => {
        const { client, parent } = open();
        const spec = shell("exit 0");
        const { process } = await client.runProcess(parent, spec);
        const pending = await client.createProcess(parent, spec);
        const { signal } = new AbortController();
        const finished = { client, parent, spec, started: process.name, pending: pending.name };
        await Promise.allSettled([call(finished, { signal })]);
        expect(getEventListeners(signal, "abort")).toHaveLength(0);
      },
    );

    it("does not end the process", async () => {
      const { client } = open();
      expect((await client.getProcess(subject.started)).state).toBe("STATE_RUNNING");
    });

    it("by AbortSignal.timeout rejects with its TimeoutError", async () => {
      const signal = AbortSignal.timeout(50);
      const error = await rejection(subject.client.waitProcess(subject.started, { signal }));
      expect(error).toBe(signal.reason);
      expect(error).toMatchObject({ name: "TimeoutError" });
    });

    it("may be of one signal that many calls share, without a warning of a leak", async () => {
      const warnings: Error[] = [];
      const note = (warning: Error) => warnings.push(warning);
      process.on("warning", note);
      const controller = new AbortController();
      const { signal } = controller;
      const waits = Array.from({ length: 40 }, () => {
        return rejection(subject.client.waitProcess(subject.started, { signal }));
      });
      await sleep(100);
      controller.abort("enough");
      expect(new Set(await Promise.all(waits))).toEqual(new Set(["enough"]));
      process.off("warning", note);
      expect(warnings).toEqual([]);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });
  });

  describe("timeoutMs", () => {
    const open = useTarget(target);

    it.each(
      EVERY_CALL.filter(({ method }) =>
        ["streamOutput", "streamLines", "pipeOutput"].includes(method),
      ),
    )(
      "ends $method with DEADLINE_EXCEEDED that names the process and the limit",
      async ({ call }) => {
        const { client, parent } = open();
        const { name } = await client.createProcess(parent, FOREVER, { autoRun: true });
        const subject = { client, parent, spec: FOREVER, started: name, pending: name };
        expect(await rejection(call(subject, { timeoutMs: 120 }))).toMatchObject({
          code: Code.DeadlineExceeded,
          message: expect.stringMatching(`${name}.* 120 ms`),
        });
        expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
      },
    );

    it("that is not over in time changes nothing", async () => {
      const { client, parent } = open();
      const timeoutMs = 2 ** 40;
      const options = { autoRun: true, timeoutMs };
      const { name } = await client.createProcess(parent, shell("exit 4"), options);
      expect(await client.waitProcess(name, { timeoutMs })).toMatchObject({ exitCode: 4 });
      expect(await client.getProcess(name, { timeoutMs })).toMatchObject({ exitCode: 4 });
      expect(await client.readOutput(name, { timeoutMs })).toHaveLength(0);
    });
  });
}
