import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Code } from "../../../src/index.js";
import { keystream } from "../../fixtures/keystream.js";
import { FOREVER, fixture, shell } from "../../support/commands.js";
import { openFollowers } from "../../support/followers.js";
import { inSteps } from "../../support/in-steps.js";
import { listenerCount, RecordingWritable } from "../../support/recording-writable.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** Output into the caller's Writables. */
export function definePiping(target: ContractTarget): void {
  describe("output into Writables", () => {
    const open = useTarget(target);
    const start = async (spec = shell("echo first; sleep 600")) => {
      const { client, parent } = open();
      return (await client.createProcess(parent, spec, { autoRun: true })).name;
    };

    it("goes at their pace, is complete when it resolves, and does not end them", async () => {
      const { client } = open();
      const bytes = 1_000_000;
      const name = await start(fixture("both-streams.js", String(bytes)));
      const stdout = new RecordingWritable({ take: () => sleep(2) });
      const stderr = new RecordingWritable();
      const listeners = [listenerCount(stdout), listenerCount(stderr)];
      await client.pipeOutput(name, { stdout, stderr });
      expect(stdout.bytes.equals(keystream("stdout", bytes))).toBe(true);
      expect(stderr.bytes.equals(keystream("stderr", bytes))).toBe(true);
      expect(stdout.mostWaiting).toBeLessThanOrEqual(
        stdout.writableHighWaterMark + stdout.largestChunk,
      );
      expect([stdout.writableEnded, stderr.writableEnded]).toEqual([false, false]);
      expect([listenerCount(stdout), listenerCount(stderr)]).toEqual(listeners);
    });

    it("is taken when it resolves, though the Writable had room for more", async () => {
      const { client } = open();
      const stdout = new RecordingWritable({ take: () => sleep(200) });
      await client.pipeOutput(await start(shell("echo little")), { stdout });
      expect(stdout.bytes.toString()).toBe("little\n");
    });

    it("can go into one for both, and into none", async () => {
      const { client, parent, engines } = open();
      const { script, next } = inSteps("echo out", "echo err >&2");
      const name = await start(shell(script));
      const both = new RecordingWritable({
        take: () => next(engines.get(parent)?.rootDirectory ?? ""),
      });
      await client.pipeOutput(name, { stdout: both, stderr: both });
      expect(both.bytes.toString()).toBe("out\nerr\n");
      const only = new RecordingWritable();
      await client.pipeOutput(name, { stderr: only });
      expect(only.bytes.toString()).toBe("err\n");
      expect(await client.pipeOutput(name, {})).toBeUndefined();
    });

    it("is in the file when it resolves", async () => {
      const { client } = open();
      const bytes = 400_000;
      const folder = await mkdtemp(join(tmpdir(), "aiem-pipe-"));
      const path = join(folder, "output");
      const file = createWriteStream(path);
      await client.pipeOutput(await start(fixture("both-streams.js", String(bytes))), {
        stdout: file,
      });
      expect((await readFile(path)).equals(keystream("stdout", bytes))).toBe(true);
      await new Promise<void>((resolve) => file.end(resolve));
      await rm(folder, { recursive: true });
    });

    it("stops at a Writable's error, which is what it rejects with", async () => {
      const { client } = open();
      const before = openFollowers();
      const name = await start(shell("echo err >&2; while :; do echo out; sleep 0.01; done"));
      const error = new Error("the disk is full");
      let chunks = 0;
      const stdout = new RecordingWritable({
        take: () => {
          chunks += 1;
          if (chunks === 3) {
            throw error;
          }
        },
      });
      const stderr = new RecordingWritable();
      stdout.on("error", () => undefined);
      const listeners = listenerCount(stderr);
      expect(await rejection(client.pipeOutput(name, { stdout, stderr }))).toBe(error);
      expect(listenerCount(stderr)).toBe(listeners);
      expect([stderr.destroyed, stderr.writableEnded]).toEqual([false, false]);
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
      await client.sendSignal(name, "SIGKILL");
    });

    it("does not crash the program where a Writable tells its error late", async () => {
      const { client } = open();
      const error = new Error("late");
      const stdout = new Writable({
        write: (_chunk, _encoding, done) => done(error),
        // As a file does: it is closed first, and tells its error then.
        destroy: (reason, done) => setTimeout(done, 100, reason),
      });
      expect(await rejection(client.pipeOutput(await start(), { stdout }))).toBe(error);
      await sleep(200);
    });

    it("stops when a Writable breaks that nothing is written to", async () => {
      const { client } = open();
      const name = await start();
      const error = new Error("broken from outside");
      const stderr = new PassThrough();
      const broken = rejection(client.pipeOutput(name, { stderr }));
      await sleep(100);
      stderr.destroy(error);
      expect(await broken).toBe(error);
      const closed = new PassThrough();
      const silent = rejection(client.pipeOutput(name, { stderr: closed }));
      await sleep(50);
      closed.destroy();
      expect(await silent).toMatchObject({ message: expect.stringContaining("closed") });
    });

    it("is handed to a write that a test runner put there, which may drop its callback", async () => {
      const { client, parent } = open();
      const taken: string[] = [];
      const mocked = (answer: true | undefined) =>
        Object.assign(new PassThrough(), {
          write: (data: Uint8Array) => {
            taken.push(Buffer.from(data).toString());
            return answer;
          },
        });
      const spec = shell("echo mocked");
      for (const answer of [true, undefined] as const) {
        await client.pipeOutput(await start(spec), { stdout: mocked(answer) });
        await client.runProcess(parent, spec, { stdout: mocked(answer) });
      }
      expect(taken).toEqual(Array(4).fill("mocked\n"));
    });

    it("stops when somebody else ends the Writable, and starts nothing for one that was", async () => {
      const { client, parent } = open();
      const ended = new PassThrough();
      const name = await start();
      const piping = rejection(client.pipeOutput(name, { stdout: ended }));
      ended.end();
      expect(await piping).toMatchObject({ message: expect.stringContaining("it was ended") });
      const running = rejection(
        client.runProcess(parent, FOREVER, { stdout: ended, processId: "not-started" }),
      );
      expect(await running).toMatchObject({ message: expect.stringContaining("ended before") });
      expect(await rejection(client.getProcess(`${parent}/processes/not-started`))).toMatchObject({
        code: Code.NotFound,
      });
    });

    it("stops at an abort, though the Writable is full", async () => {
      const { client } = open();
      const name = await start(shell("yes"));
      const controller = new AbortController();
      const stdout = new Writable({ write: () => undefined });
      const listeners = listenerCount(stdout);
      const piping = client.pipeOutput(name, { stdout, signal: controller.signal });
      const outcome = rejection(piping);
      await expect.poll(() => stdout.writableLength).toBeGreaterThan(0);
      controller.abort("stop");
      expect(await outcome).toBe("stop");
      expect(listenerCount(stdout)).toBe(listeners);
      await client.sendSignal(name, "SIGKILL");
    });
  });
}
