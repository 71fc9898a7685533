import { describe, expect, it } from "vitest";
import { collect } from "../../support/collect.js";
import { shell } from "../../support/commands.js";
import { texts } from "../../support/output.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** What the deferred start is for: a follower that is there before the process is. */
export function defineDeferredStart(target: ContractTarget): void {
  describe.concurrent("a deferred start", () => {
    const open = useTarget(target);

    it("gives a follower that read before it all of the output", async () => {
      const { client, parent } = open();
      const script = "echo one; echo two >&2; sleep 0.1; echo three";
      const { name } = await client.createProcess(parent, shell(script));
      const output = collect(client.streamOutput(name));
      // Long enough for the request to be there: the follower waits, and is not refused.
      const early = await Promise.race([
        output.then(() => "ended"),
        new Promise((resolve) => setTimeout(resolve, 200, "waiting")),
      ]);
      expect(early).toBe("waiting");
      expect((await client.getProcess(name)).state).toBe("STATE_PENDING");
      await client.startProcess(name);
      expect(texts(await output)).toEqual({ stdout: "one\nthree\n", stderr: "two\n" });
    });

    it("gives a follower without replay all of the output as well", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell("echo all; echo of it >&2"));
      const output = collect(client.streamOutput(name, { skipReplay: true }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      await client.startProcess(name);
      expect(texts(await output)).toEqual({ stdout: "all\n", stderr: "of it\n" });
    });

    it("is what a waiter waits for too", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell("exit 3"));
      const waits = [
        client.waitProcess(name),
        client.waitProcessByPolling(name, { pollIntervalSeconds: 0.05 }),
      ];
      await client.startProcess(name);
      for (const ended of await Promise.all(waits)) {
        expect(ended).toMatchObject({ state: "STATE_FAILED", exitCode: 3 });
      }
    });
  });
}
