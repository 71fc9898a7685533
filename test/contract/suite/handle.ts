import { describe, expect, it } from "vitest";
import { collect } from "../../support/collect.js";
import { FOREVER, shell } from "../../support/commands.js";
import { joined } from "../../support/output.js";
import { RecordingWritable } from "../../support/recording-writable.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** The handle of one process. */
export function defineHandle(target: ContractTarget): void {
  describe("the handle of a process", () => {
    const open = useTarget(target);

    it("does to its process what the client does by name", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell("echo one; echo two; exit 4"));
      const handle = client.process(name);
      expect(handle.name).toBe(name);
      expect((await handle.get()).state).toBe("STATE_PENDING");
      expect((await handle.start()).name).toBe(name);
      const ended = await handle.wait();
      expect(ended).toMatchObject({ name, exitCode: 4 });
      expect(await handle.waitByPolling()).toEqual(ended);
      expect(await handle.terminate()).toEqual(ended);
      const text = "one\ntwo\n";
      expect(Buffer.from(await handle.readOutput()).toString()).toBe(text);
      expect(joined(await handle.readOutputFrames()).toString()).toBe(text);
      expect(joined(await collect(handle.streamOutput())).toString()).toBe(text);
      const lines = await collect(handle.streamLines());
      expect(lines.map(({ line }) => line)).toEqual(["one", "two"]);
      expect(await handle.waitForLine(/two/)).toMatchObject({ found: true, line: "two" });
      const stdout = new RecordingWritable();
      await handle.pipeOutput({ stdout });
      expect(stdout.bytes.toString()).toBe(text);
    });

    it("passes options and signals on", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, FOREVER, { autoRun: true });
      const handle = client.process(name);
      await expect(handle.wait({ timeoutMs: 0 })).rejects.toMatchObject({ timeoutMs: 0 });
      await expect(handle.get({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
      expect(await handle.readOutput({ outputStream: "OUTPUT_STREAM_STDERR" })).toHaveLength(0);
      expect((await handle.sendSignal("SIGKILL")).name).toBe(name);
      expect(await handle.wait()).toMatchObject({ exitCode: 137 });
    });
  });
}
