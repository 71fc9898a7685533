import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { FOREVER, shell } from "../../support/commands.js";
import { rejection } from "../../support/rejection.js";
import { until } from "../../support/until.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** The end of a process, confirmed. */
export function defineTerminating(target: ContractTarget): void {
  describe.concurrent("terminating a process", () => {
    const open = useTarget(target);
    /** A process that prints "ready" when it can be signalled. */
    const ready = async (script: string) => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell(script), { autoRun: true });
      await until(client.streamLines(name), (lines) => lines.at(-1)?.line === "ready");
      return name;
    };
    const STUBBORN = 'trap "" TERM; echo ready; exec sleep 600';

    it("lets it end by itself within its grace", async () => {
      const { client } = open();
      const name = await ready('trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done');
      const ended = await client.terminateProcess(name);
      expect(ended).toMatchObject({ name, state: "STATE_FAILED", exitCode: 3 });
      expect(await client.getProcess(name)).toEqual(ended);
    });

    it("kills what ignores SIGTERM, after graceMs", async () => {
      const { client } = open();
      for (const graceMs of [0, 200]) {
        const name = await ready(STUBBORN);
        const begin = performance.now();
        const ended = await client.terminateProcess(name, { graceMs });
        expect(performance.now() - begin).toBeGreaterThanOrEqual(graceMs);
        expect(ended).toMatchObject({ state: "STATE_FAILED", exitCode: 137 });
      }
    });

    it("continues a process that is stopped, so that it can end by itself", async () => {
      const { client } = open();
      const name = await ready('trap "exit 3" TERM; echo ready; kill -STOP $$; sleep 600');
      const ended = await client.terminateProcess(name, { graceMs: 6_000 });
      expect(ended).toMatchObject({ state: "STATE_FAILED", exitCode: 3 });
    });

    it("returns what has finished as it is", async () => {
      const { client, parent } = open();
      const { process } = await client.runProcess(parent, shell("exit 6"));
      expect(await client.terminateProcess(process.name)).toEqual(process);
    });

    it("is refused for a PENDING process", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, FOREVER);
      await expect(client.terminateProcess(name)).rejects.toMatchObject({
        code: Code.FailedPrecondition,
      });
      expect((await client.getProcess(name)).state).toBe("STATE_PENDING");
    });

    it("within timeoutMs gives up before the grace is over, and does not kill", async () => {
      const { client } = open();
      const name = await ready(STUBBORN);
      const error = await rejection(client.terminateProcess(name, { timeoutMs: 2_000 }));
      expect(error).toMatchObject({
        name: "WaitTimeoutError",
        timeoutMs: 2_000,
        process: { name, state: "STATE_RUNNING" },
      });
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
    });
  });
}
