import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { collect } from "../../support/collect.js";
import { fixture, shell } from "../../support/commands.js";
import { joined } from "../../support/output.js";
import { rejection } from "../../support/rejection.js";
import type { ServerContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** A server that is stopped and started again, with its processes. */
export function defineOutages(target: ServerContractTarget): void {
  describe("a server that is stopped and started again", () => {
    const open = useTarget(target);
    const ticks = (count: number) =>
      Array.from({ length: count }, (_, n) => `tick ${n + 1}\n`).join("");

    it("still has its processes, which have run on", async () => {
      const { client, parent, stop, listen } = open();
      const pending = await client.createProcess(parent, shell("echo later"));
      const run = { autoRun: true };
      const { name } = await client.createProcess(parent, fixture("ticks.js", "50"), run);
      await stop();
      await sleep(100);
      await listen();
      expect(await client.waitProcess(name)).toMatchObject({ state: "STATE_SUCCEEDED" });
      expect(Buffer.from(await client.readOutput(name)).toString()).toBe(ticks(50));
      expect(await client.getProcess(pending.name)).toEqual(pending);
      await client.startProcess(pending.name);
      expect(joined(await collect(client.streamOutput(pending.name))).toString()).toBe("later\n");
    });

    it("loses no byte of an output that is followed, and repeats none", async () => {
      const { client, parent, stop, listen } = open();
      const run = { autoRun: true };
      const { name } = await client.createProcess(parent, fixture("ticks.js", "80"), run);
      const following = collect(client.streamOutput(name));
      const piped = collect(client.streamLines(name));
      for (let round = 0; round < 2; round += 1) {
        await sleep(150);
        await stop();
        await sleep(50);
        await listen();
      }
      expect(joined(await following).toString()).toBe(ticks(80));
      expect((await piped).map(({ line }) => `${line}\n`).join("")).toBe(ticks(80));
    });

    it("does not end the waits for a process", async () => {
      const { client, parent, stop, listen } = open();
      const run = { autoRun: true };
      const { name } = await client.createProcess(parent, shell("sleep 0.5; exit 5"), run);
      const waits = [
        client.waitProcess(name),
        client.waitProcessByPolling(name, { pollIntervalSeconds: 0.05 }),
      ];
      await sleep(100);
      await stop();
      await sleep(100);
      await listen();
      for (const wait of waits) {
        expect(await wait).toMatchObject({ exitCode: 5 });
      }
    });

    it("is UNAVAILABLE in between", async () => {
      const { client, parent, stop, listen } = open();
      await stop();
      const error = await rejection(client.listProcesses(parent));
      await listen();
      expect(error).toMatchObject({ code: Code.Unavailable });
      expect((await client.listProcesses(parent)).processes.length).toBeGreaterThan(0);
    });
  });
}
