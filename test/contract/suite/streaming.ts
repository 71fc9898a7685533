import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InvalidInputError, type OutputChunk } from "../../../src/index.js";
import { keystream } from "../../fixtures/keystream.js";
import { collect } from "../../support/collect.js";
import { FOREVER, fixture, shell } from "../../support/commands.js";
import { joined } from "../../support/output.js";
import { rejection } from "../../support/rejection.js";
import { until } from "../../support/until.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** Live output: when it comes, to whom, and how often it can be read. */
export function defineStreaming(target: ContractTarget): void {
  describe.concurrent("live output", () => {
    const open = useTarget(target);
    const start = async (spec = FOREVER) => {
      const { client, parent } = open();
      return (await client.createProcess(parent, spec, { autoRun: true })).name;
    };

    it("comes while the process runs", async () => {
      const { client } = open();
      const name = await start(shell("echo now; sleep 600"));
      const chunks = await until(client.streamOutput(name), (read) => read.length > 0);
      expect(chunks[0]).toMatchObject({ stream: "OUTPUT_STREAM_STDOUT", offset: 0 });
      expect(joined(chunks).toString()).toBe("now\n");
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
    });

    it("goes whole to each of many followers", async () => {
      const { client } = open();
      const name = await start(fixture("ticks.js", "30"));
      const expected = Array.from({ length: 30 }, (_, n) => `tick ${n + 1}\n`).join("");
      const followers = Array.from({ length: 20 }, () => collect(client.streamOutput(name)));
      for (const chunks of await Promise.all(followers)) {
        expect(joined(chunks).toString()).toBe(expected);
      }
    });

    it("waits for a slow reader, who gets all of it", async () => {
      const { client } = open();
      const bytes = 1_500_000;
      const name = await start(fixture("both-streams.js", String(bytes)));
      const read: OutputChunk[] = [];
      for await (const chunk of client.streamOutput(name)) {
        read.push(chunk);
        if (read.length < 15) {
          await sleep(20);
        }
      }
      for (const [stream, label] of [
        ["OUTPUT_STREAM_STDOUT", "stdout"],
        ["OUTPUT_STREAM_STDERR", "stderr"],
      ] as const) {
        expect(joined(read, stream).equals(keystream(label, bytes))).toBe(true);
      }
    });

    it("can be read once: a second loop is refused", async () => {
      const { client } = open();
      const name = await start(shell("echo once"));
      const output = client.streamOutput(name);
      expect(joined(await collect(output)).toString()).toBe("once\n");
      expect(await rejection(collect(output))).toBeInstanceOf(InvalidInputError);
    });

    it("without replay begins now, and has neither offsets nor a position", async () => {
      const { client } = open();
      const name = await start(shell("n=0; while :; do n=$((n+1)); echo $n; sleep 0.01; done"));
      await until(client.streamLines(name), (lines) => lines.at(-1)?.line === "20");
      const output = client.streamOutput(name, { skipReplay: true });
      expect(output.position).toBeUndefined();
      const chunks = await until(output, (read) => read.length === 3);
      expect(Number(joined(chunks).toString().split("\n")[0])).toBeGreaterThan(20);
      expect(chunks.map(({ offset }) => offset)).toEqual([undefined, undefined, undefined]);
      expect(output.position).toBeUndefined();
      await client.sendSignal(name, "SIGKILL");
    });

    it("without replay is empty of a process that has finished", async () => {
      const { client, parent } = open();
      const { process } = await client.runProcess(parent, shell("echo past"));
      expect(await collect(client.streamOutput(process.name, { skipReplay: true }))).toEqual([]);
    });

    it("without replay cannot go on after a position: that is refused in the loop", async () => {
      const { client } = open();
      const name = await start();
      const nothing = { bytes: 0, crc32: 0 };
      const resumeFrom = { stdout: nothing, stderr: nothing };
      const output = client.streamOutput(name, { skipReplay: true, resumeFrom });
      expect(await rejection(collect(output))).toMatchObject({
        name: "InvalidInputError",
        field: "resumeFrom",
      });
    });

    it("ends after the process did, not when its streams close", async () => {
      const { client } = open();
      const name = await start(shell("echo bye; exec >&- 2>&-; sleep 0.4; exit 3"));
      await collect(client.streamOutput(name));
      expect(await client.getProcess(name)).toMatchObject({ state: "STATE_FAILED", exitCode: 3 });
    });
  });
}
