import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { collect } from "../../support/collect.js";
import { FOREVER, shell } from "../../support/commands.js";
import type { FullContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** What an engine's own life does to its processes and to those who wait for them. */
export function defineEngineStates(target: FullContractTarget): void {
  describe("an engine", () => {
    const open = useTarget(target);
    let engineNumber = 0;
    const newEngine = () => {
      engineNumber += 1;
      return `workspaces/default/sandboxEngines/e${engineNumber}`;
    };
    const notRunning = {
      code: Code.FailedPrecondition,
      message: expect.stringContaining("not in running state"),
    };

    it("that is starting refuses every call, and takes them once it runs", async () => {
      const { client, engines } = open();
      const engine = newEngine();
      engines.create(engine, { state: "STATE_STARTING" });
      const name = `${engine}/processes/p`;
      const refused = await Promise.allSettled([
        client.createProcess(engine, FOREVER),
        client.startProcess(name),
        client.getProcess(name),
        client.listProcesses(engine),
        client.sendSignal(name, "SIGTERM"),
        client.waitProcess(name),
        client.readOutput(name),
        client.readOutputFrames(name),
        collect(client.streamOutput(name)),
      ]);
      for (const call of refused) {
        expect(call).toMatchObject({ status: "rejected", reason: notRunning });
      }
      await engines.setState(engine, "STATE_RUNNING");
      const { ok } = await client.runProcess(engine, shell("exit 0"));
      expect(ok).toBe(true);
    });

    it("that terminates ends its processes, and nobody is left waiting", async () => {
      const { client, engines } = open();
      const engine = newEngine();
      engines.create(engine);
      const run = { processId: "p", autoRun: true };
      const { name } = await client.createProcess(engine, shell("echo $$; exec sleep 600"), run);
      const follow = client.streamOutput(name)[Symbol.asyncIterator]();
      const first = await follow.next();
      const pid = Number(Buffer.from(first.done ? [] : first.value.data).toString());
      expect(isAlive(pid)).toBe(true);
      const wait = client.waitProcess(name);
      const poll = client.waitProcessByPolling(name, { pollIntervalSeconds: 0.02 });
      const settled = Promise.allSettled([follow.next(), wait, poll]);
      await engines.setState(engine, "STATE_TERMINATING");
      expect(isAlive(pid)).toBe(false);
      const [next, waited, polled] = await settled;
      // The end of the output cannot be confirmed any more: that is not told as a normal end.
      expect(next).toMatchObject({ status: "rejected", reason: notRunning });
      expect(polled).toMatchObject({ status: "rejected", reason: notRunning });
      // The wait that was under way may still be told of the end itself.
      expect(waited).toMatchObject(
        waited?.status === "rejected"
          ? { reason: notRunning }
          : { value: { state: "STATE_FAILED", exitCode: 137 } },
      );
      await expect(client.getProcess(name)).rejects.toMatchObject(notRunning);
    });

    it("that runs again still has its processes and their output", async () => {
      const { client, engines } = open();
      const engine = newEngine();
      engines.create(engine);
      const { process } = await client.runProcess(engine, shell("echo kept"));
      await engines.setState(engine, "STATE_TERMINATED");
      await engines.setState(engine, "STATE_RUNNING");
      expect(await client.getProcess(process.name)).toEqual(process);
      expect(Buffer.from(await client.readOutput(process.name)).toString()).toBe("kept\n");
    });

    it("that is deleted is NOT_FOUND, also for those who wait", async () => {
      const { client, engines } = open();
      const engine = newEngine();
      engines.create(engine);
      const { name } = await client.createProcess(engine, FOREVER, { autoRun: true });
      const pending = await client.createProcess(engine, FOREVER);
      const settled = Promise.allSettled([
        collect(client.streamOutput(name)),
        collect(client.streamOutput(pending.name)),
        client.waitProcess(name),
        client.waitProcess(pending.name),
      ]);
      // All four calls are there before the engine goes.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await engines.delete(engine);
      for (const call of await settled) {
        expect(call).toMatchObject({ status: "rejected", reason: { code: Code.NotFound } });
      }
      await expect(client.getProcess(name)).rejects.toMatchObject({ code: Code.NotFound });
    });
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
