import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { FOREVER, shell } from "../../support/commands.js";
import { until } from "../../support/until.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** Signals, and what a process makes of them. */
export function defineSignals(target: ContractTarget): void {
  describe("a signal", () => {
    const open = useTarget(target);
    /** Runs a script that prints "ready" when it can be signalled. */
    const ready = async (script: string) => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell(script), { autoRun: true });
      await until(client.streamLines(name), (lines) => lines.at(-1)?.line === "ready");
      return name;
    };

    it.each([
      ["SIGTERM", 143],
      ["SIGKILL", 137],
      ["SIGUSR1", 138],
      [2, 130],
    ] as const)("%s that ends a process makes it FAILED with %i", async (signal, exitCode) => {
      const { client } = open();
      const name = await ready("echo ready; exec sleep 600");
      const answer = await client.sendSignal(name, signal);
      expect(answer.name).toBe(name);
      expect(await client.waitProcess(name)).toMatchObject({ state: "STATE_FAILED", exitCode });
    });

    it("can be handled, and the process then ends as it likes", async () => {
      const { client } = open();
      const script = 'trap "echo got it; exit 0" USR1; echo ready; while :; do sleep 0.02; done';
      const name = await ready(script);
      await client.sendSignal(name, "SIGUSR1");
      expect(await client.waitProcess(name)).toMatchObject({ state: "STATE_SUCCEEDED" });
      // On standard error, and so before or after this, the shell may tell what ended its sleep.
      const output = await client.readOutput(name, { outputStream: "OUTPUT_STREAM_STDOUT" });
      expect(Buffer.from(output).toString()).toBe("ready\ngot it\n");
    });

    it("reaches what the process has started itself", async () => {
      const { client } = open();
      const inner =
        'trap "echo it came down; exit 0" USR1; echo ready; while :; do sleep 0.02; done';
      const name = await ready(`trap : USR1; sh -c '${inner}' & wait; wait`);
      await client.sendSignal(name, "SIGUSR1");
      await client.waitProcess(name);
      expect(Buffer.from(await client.readOutput(name)).toString()).toContain("it came down\n");
    });

    it("to a process that is PENDING or has ended is FAILED_PRECONDITION", async () => {
      const { client, parent } = open();
      const refusal = { code: Code.FailedPrecondition };
      const pending = await client.createProcess(parent, FOREVER);
      await expect(client.sendSignal(pending.name, "SIGTERM")).rejects.toMatchObject(refusal);
      const { process } = await client.runProcess(parent, shell("exit 0"));
      await expect(client.sendSignal(process.name, "SIGTERM")).rejects.toMatchObject(refusal);
    });
  });
}
