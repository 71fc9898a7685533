import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { FOREVER } from "../../support/commands.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { EVERY_CALL } from "./every-call.js";
import { useTarget } from "./use-target.js";

const TOKEN = "token-of-ann";

/** The end of a client. */
export function defineClosing(target: ContractTarget): void {
  describe("a client that is closed", () => {
    const open = useTarget(target, { users: { [TOKEN]: "users/ann" } });
    const closed = { code: Code.Canceled, message: expect.stringContaining("closed") };

    it("ends its calls under way, and leaves the processes and other clients alone", async () => {
      const { client: other, clientAs, parent } = open();
      const run = { autoRun: true };
      const { name } = await other.createProcess(parent, FOREVER, run);
      const { name: pending } = await other.createProcess(parent, FOREVER);
      const client = clientAs(TOKEN);
      // Not terminateProcess, which would end the process.
      const calls = EVERY_CALL.filter(({ long, method }) => long && method !== "terminateProcess");
      const subject = { client, parent, spec: FOREVER, started: name, pending };
      const outcomes = calls.map(({ call }) => rejection(call(subject, {})));
      const others = other.waitProcess(name);
      await sleep(200);
      client.close();
      for (const outcome of outcomes) {
        expect(await outcome).toMatchObject(closed);
      }
      expect((await other.getProcess(name)).state).toBe("STATE_RUNNING");
      await other.sendSignal(name, "SIGKILL");
      expect(await others).toMatchObject({ exitCode: 137 });
    });

    it.each(EVERY_CALL)("refuses $method", async ({ call }) => {
      const { client: other, clientAs, parent } = open();
      const { name } = await other.createProcess(parent, FOREVER);
      const client = clientAs(TOKEN);
      client.close();
      client.close();
      const subject = { client, parent, spec: FOREVER, started: name, pending: name };
      expect(await rejection(call(subject, {}))).toMatchObject(closed);
      expect((await other.getProcess(name)).state).toBe("STATE_PENDING");
    });

    it("at the end of its block, with await using", async () => {
      const { clientAs, parent } = open();
      const listing = async () => {
        await using client = clientAs(TOKEN);
        await client.listProcesses(parent);
        return client;
      };
      const client = await listing();
      await expect(client.listProcesses(parent)).rejects.toMatchObject(closed);
    });
  });
}
