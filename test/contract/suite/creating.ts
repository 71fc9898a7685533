import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { FOREVER, shell } from "../../support/commands.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Creation, start, names and states. */
export function defineCreating(target: ContractTarget): void {
  describe("a created process", () => {
    const open = useTarget(target);

    it("is PENDING, under the id that was given, and holds what was asked for", async () => {
      const { client, parent } = open();
      const spec = {
        command: "/bin/echo",
        args: ["a b", "", "ü€😀"],
        workingDirectory: "/",
        environmentVariables: { GREETING: "hello=world", EMPTY: "" },
      };
      const before = Date.now();
      const process = await client.createProcess(parent, spec, { processId: "a-1" });
      expect(process).toMatchObject({
        ...spec,
        name: `${parent}/processes/a-1`,
        state: "STATE_PENDING",
        exitCode: undefined,
        startTime: undefined,
        endTime: undefined,
        secretEnvironmentVariables: {},
      });
      const created = process.createTime?.getTime() ?? 0;
      expect(created).toBeGreaterThanOrEqual(before - 1);
      expect(created).toBeLessThanOrEqual(Date.now() + 1);
      expect(await client.getProcess(process.name)).toEqual(process);
    });

    it("has a random UUID for an id if none was given", async () => {
      const { client, parent } = open();
      const names = [];
      for (let n = 0; n < 2; n += 1) {
        names.push((await client.createProcess(parent, FOREVER)).name);
      }
      const ids = names.map((name) => name.replace(`${parent}/processes/`, ""));
      expect(ids).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
      expect(new Set(ids).size).toBe(2);
    });

    it("keeps its id to itself: creating another one with it is ALREADY_EXISTS", async () => {
      const { client, parent } = open();
      const first = await client.createProcess(parent, shell("exit 1"), { processId: "taken" });
      for (const autoRun of [false, true]) {
        await expect(
          client.createProcess(parent, shell("exit 2"), { processId: "taken", autoRun }),
        ).rejects.toMatchObject({ code: Code.AlreadyExists });
      }
      expect(await client.getProcess(first.name)).toEqual(first);
    });

    it("runs when it is started, goes from RUNNING to SUCCEEDED, and its times are in order", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell("sleep 0.2"));
      const started = await client.startProcess(name);
      expect(started).toMatchObject({ name, state: "STATE_RUNNING", exitCode: undefined });
      expect(started.startTime).toBeInstanceOf(Date);
      expect(started.endTime).toBeUndefined();
      const ended = await client.waitProcess(name);
      expect(ended).toMatchObject({ name, state: "STATE_SUCCEEDED", exitCode: 0 });
      expect(ended.startTime).toEqual(started.startTime);
      const times = [ended.createTime, ended.startTime, ended.endTime].map(Number);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(await client.getProcess(name)).toEqual(ended);
    });

    it("is started at once with autoRun, and tells its exit code", async () => {
      const { client, parent } = open();
      const process = await client.createProcess(parent, shell("exit 42"), { autoRun: true });
      expect(["STATE_RUNNING", "STATE_FAILED"]).toContain(process.state);
      expect(process.startTime).toBeInstanceOf(Date);
      const ended = await client.waitProcess(process.name);
      expect(ended).toMatchObject({ state: "STATE_FAILED", exitCode: 42 });
    });

    it("cannot be started twice: FAILED_PRECONDITION while it runs and after its end", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, FOREVER, { autoRun: true });
      const again = { code: Code.FailedPrecondition };
      await expect(client.startProcess(name)).rejects.toMatchObject(again);
      await client.sendSignal(name, "SIGKILL");
      await client.waitProcess(name);
      await expect(client.startProcess(name)).rejects.toMatchObject(again);
    });

    it("is NOT_FOUND before it was created", async () => {
      const { client, parent } = open();
      await expect(client.getProcess(`${parent}/processes/nobody`)).rejects.toMatchObject({
        code: Code.NotFound,
      });
    });
  });
}
