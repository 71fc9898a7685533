import { describe, expect, it } from "vitest";
import { ProcessFailedError } from "../../../src/index.js";
import { keystream } from "../../fixtures/keystream.js";
import { fixture, shell } from "../../support/commands.js";
import { listenerCount, RecordingWritable } from "../../support/recording-writable.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** A process from its specification to its result. */
export function defineRunning(target: ContractTarget): void {
  describe("running a process", () => {
    const open = useTarget(target);

    it("tells how it ended and what it wrote", async () => {
      const { client, parent } = open();
      const spec = shell("echo out; echo err >&2");
      const result = await client.runProcess(parent, spec, { processId: "mine" });
      expect(result).toMatchObject({ ok: true, exitCode: 0 });
      expect(result.stdout.text()).toBe("out\n");
      expect(result.stderr.text()).toBe("err\n");
      expect(result.process.name).toBe(`${parent}/processes/mine`);
      expect(await client.getProcess(result.process.name)).toEqual(result.process);
    });

    it("tells a failure as data", async () => {
      const { client, parent } = open();
      const failed = await client.runProcess(parent, shell("echo why >&2; exit 7"));
      expect(failed).toMatchObject({ ok: false, exitCode: 7, process: { state: "STATE_FAILED" } });
      const killed = await client.runProcess(parent, shell("kill -9 $$"));
      expect(killed).toMatchObject({ ok: false, exitCode: 137 });
    });

    it("with check throws ProcessFailedError with the result, if it fails", async () => {
      const { client, parent } = open();
      const spec = shell("echo some; echo the reason >&2; exit 7");
      const error = await rejection(client.runProcess(parent, spec, { check: true }));
      expect(error).toBeInstanceOf(ProcessFailedError);
      expect(error).toMatchObject({ message: expect.stringMatching(/exit code 7.*the reason/s) });
      const { result } = error instanceof ProcessFailedError ? error : { result: undefined };
      expect(result).toMatchObject({ ok: false, exitCode: 7 });
      expect(result?.stdout.text()).toBe("some\n");
      expect((await client.runProcess(parent, shell("exit 0"), { check: true })).ok).toBe(true);
    });

    it("keeps the beginning and the end of what exceeds maxOutputBytes", async () => {
      const { client, parent } = open();
      const bytes = 100_000;
      const run = fixture("both-streams.js", String(bytes));
      const { stdout, stderr } = await client.runProcess(parent, run, { maxOutputBytes: 1_000 });
      for (const [captured, label] of [
        [stdout, "stdout"],
        [stderr, "stderr"],
      ] as const) {
        const all = keystream(label, bytes);
        expect(captured.head).toEqual(new Uint8Array(all.subarray(0, 500)));
        expect(captured.tail).toEqual(new Uint8Array(all.subarray(-500)));
        expect([captured.totalBytes, captured.droppedBytes]).toEqual([bytes, bytes - 1_000]);
        expect(() => captured.bytes()).toThrow(RangeError);
        expect(() => captured.text()).toThrow(/99000 of 100000 bytes/);
        expect(captured.bytes({ allowDropped: true })).toHaveLength(1_000);
      }
    });

    it("keeps all of what just fits, and nothing where that is asked for", async () => {
      const { client, parent } = open();
      const spec = shell("printf 0123456789");
      const fits = await client.runProcess(parent, spec, { maxOutputBytes: 10 });
      expect([fits.stdout.text(), fits.stdout.droppedBytes]).toEqual(["0123456789", 0]);
      const none = await client.runProcess(parent, spec, { maxOutputBytes: 0 });
      expect(none.stdout).toMatchObject({ totalBytes: 10, droppedBytes: 10 });
      expect(none.stdout.head).toHaveLength(0);
    });

    it("feeds Writables with all of it while it runs, and does not end them", async () => {
      const { client, parent } = open();
      const bytes = 200_000;
      const stdout = new RecordingWritable();
      const stderr = new RecordingWritable();
      const listeners = listenerCount(stdout);
      const run = fixture("both-streams.js", String(bytes));
      const result = await client.runProcess(parent, run, { stdout, stderr, maxOutputBytes: 10 });
      expect(result.stdout.droppedBytes).toBe(bytes - 10);
      expect(stdout.bytes.equals(keystream("stdout", bytes))).toBe(true);
      expect(stderr.bytes.equals(keystream("stderr", bytes))).toBe(true);
      expect([stdout.writableEnded, listenerCount(stdout)]).toEqual([false, listeners]);
    });

    it("runs many at once, each with its own output", async () => {
      const { client, parent } = open();
      const runs = Array.from({ length: 30 }, async (_, n) => {
        const { stdout } = await client.runProcess(parent, shell(`echo ${n}; exit 0`));
        return stdout.text();
      });
      expect(await Promise.all(runs)).toEqual(runs.map((_, n) => `${n}\n`));
    });
  });
}
