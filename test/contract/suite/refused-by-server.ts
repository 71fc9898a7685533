import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OutputStream } from "../../../src/gen.js";
import { FOREVER } from "../../support/commands.js";
import type { FullContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** What the server refuses by itself: the client would not send most of it. */
export function defineRefusedByServer(target: FullContractTarget): void {
  describe("a request that breaks a rule is INVALID_ARGUMENT:", () => {
    const open = useTarget(target);
    const refusal = { code: Code.InvalidArgument };

    it("a page token that is none", async () => {
      const { service, client, parent } = open();
      const pageToken = "not-a-token";
      await expect(service.listProcesses({ parent, pageToken })).rejects.toMatchObject(refusal);
      await expect(client.listProcesses(parent, { pageToken })).rejects.toMatchObject(refusal);
    });

    it.each([
      "state=STATE_RUNNING",
      "state = RUNNING",
      "state = STATE_UNSPECIFIED",
      "state = STATE_RUNNING OR state = STATE_FAILED",
      "name = x",
    ])("the filter %j", async (filter) => {
      const { service, parent } = open();
      await expect(service.listProcesses({ parent, filter })).rejects.toMatchObject(refusal);
    });

    it("a negative page size", async () => {
      const { service, parent } = open();
      await expect(service.listProcesses({ parent, pageSize: -1 })).rejects.toMatchObject(refusal);
    });

    it.each([0, 65, 99, -9])("the signal %i", async (signal) => {
      const { service, client, parent } = open();
      const { name } = await client.createProcess(parent, FOREVER, { autoRun: true });
      await expect(service.sendSignal({ name, signal })).rejects.toMatchObject(refusal);
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
      await client.terminateProcess(name);
    });

    it.each(["UPPER", "-a", "a-", "a_b", "ü", "a".repeat(64)])(
      "the process id %j",
      async (processId) => {
        const { service, parent } = open();
        const process = { command: "true" };
        await expect(service.createProcess({ parent, processId, process })).rejects.toMatchObject(
          refusal,
        );
      },
    );

    it("a process without a command, or none at all", async () => {
      const { service, parent } = open();
      await expect(service.createProcess({ parent, process: {} })).rejects.toMatchObject(refusal);
      await expect(service.createProcess({ parent })).rejects.toMatchObject(refusal);
    });

    it("a relative working directory", async () => {
      const { service, parent } = open();
      const process = { command: "true", workingDirectory: "relative" };
      await expect(service.createProcess({ parent, process })).rejects.toMatchObject(refusal);
    });

    it("a resource name of another kind", async () => {
      const { service, parent } = open();
      await expect(service.getProcess({ name: parent })).rejects.toMatchObject(refusal);
      await expect(service.listProcesses({ parent: "engines/e" })).rejects.toMatchObject(refusal);
    });
  });

  describe("what a request leaves open", () => {
    const open = useTarget(target);

    it("is a UUID for the id, and standard output for the stream", async () => {
      const { service, client, parent } = open();
      const process = { command: "/bin/sh", args: ["-c", "echo out; echo err >&2"] };
      const created = await service.createProcess({ parent, process, autoRun: true });
      const name = created.process?.name ?? "";
      expect(name).toMatch(/\/processes\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      await client.waitProcess(name);
      const { data } = await service.readOutput({ name, outputStream: OutputStream.UNSPECIFIED });
      expect(Buffer.from(data).toString()).toBe("out\n");
    });
  });
}
