import { getEventListeners, once } from "node:events";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { LiveOutput } from "../../../src/index.js";
import { shell } from "../../support/commands.js";
import { openFollowers } from "../../support/followers.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** The ways to leave a stream before its end. */
const WAYS: readonly [string, (output: LiveOutput, abort: AbortController) => Promise<void>][] = [
  [
    "break",
    async (output) => {
      for await (const _ of output) {
        break;
      }
    },
  ],
  [
    "an error in the loop",
    async (output) => {
      const error = new Error("of the loop");
      const loop = async () => {
        for await (const _ of output) {
          throw error;
        }
      };
      expect(await rejection(loop())).toBe(error);
    },
  ],
  [
    "return()",
    async (output) => {
      const iterator = output[Symbol.asyncIterator]();
      await iterator.next();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    },
  ],
  [
    "await using",
    async (output) => {
      await using disposed = output;
      await disposed[Symbol.asyncIterator]().next();
    },
  ],
  [
    "disposal while a chunk is awaited",
    async (output) => {
      const iterator = output[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      await output[Symbol.asyncDispose]();
      expect(await next).toEqual({ done: true, value: undefined });
    },
  ],
  [
    "return() while a chunk is awaited",
    async (output) => {
      const iterator = output[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(await next).toEqual({ done: true, value: undefined });
    },
  ],
  [
    "throw() while a chunk is awaited",
    async (output) => {
      const iterator = output[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      const error = new Error("of the reader");
      expect(await rejection(Promise.resolve(iterator.throw?.(error)))).toBe(error);
      expect(await next).toEqual({ done: true, value: undefined });
    },
  ],
  [
    "dispose while a chunk is awaited",
    async (output) => {
      const iterator = output[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      await output[Symbol.asyncDispose]();
      expect(await next).toEqual({ done: true, value: undefined });
    },
  ],
  [
    "an abort while a chunk is awaited",
    async (output, abort) => {
      const iterator = output[Symbol.asyncIterator]();
      await iterator.next();
      const next = rejection(iterator.next());
      abort.abort("left");
      expect(await next).toBe("left");
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    },
  ],
];

/** What is left open when a stream is left before its end: nothing, on either side. */
export function defineLeavingStreams(target: ContractTarget): void {
  describe("a stream that is left", () => {
    const open = useTarget(target);
    const started = async (script: string) => {
      const { client, parent } = open();
      return (await client.createProcess(parent, shell(script), { autoRun: true })).name;
    };

    it.each(WAYS)("by %s leaves nothing open, and the process runs on", async (_way, leave) => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const before = openFollowers();
      const abort = new AbortController();
      await leave(client.streamOutput(name, { signal: abort.signal }), abort);
      expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
    });

    it("as a Readable that is destroyed while it waits leaves nothing open", async () => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const before = openFollowers();
      const readable = Readable.from(client.streamLines(name));
      expect(await once(readable, "data")).toMatchObject([{ line: "first" }]);
      const closed = once(readable, "close");
      readable.destroy();
      await closed;
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
    });

    it("by a sink that breaks while it waits ends the pipeline", async () => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const before = openFollowers();
      const broken = new Error("of the sink");
      const sink = new Writable({
        objectMode: true,
        write: (_line, _encoding, done) => {
          done();
          setImmediate(() => sink.destroy(broken));
        },
      });
      const lines = Readable.from(client.streamLines(name));
      expect(await rejection(pipeline(lines, sink))).toBe(broken);
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
    });

    it("was seen by the server while it was open", async () => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const before = openFollowers();
      await using output = client.streamOutput(name);
      await output[Symbol.asyncIterator]().next();
      expect(openFollowers()).toBeGreaterThan(before);
    });

    it("before there was any output is not followed either", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell("echo late; sleep 600"));
      const output = client.streamOutput(name);
      const next = output[Symbol.asyncIterator]().next();
      await sleep(150);
      await output[Symbol.asyncDispose]();
      expect(await next).toEqual({ done: true, value: undefined });
      await sleep(150);
      const before = openFollowers();
      await client.startProcess(name);
      await expect.poll(async () => (await client.readOutput(name)).length).toBe(5);
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
    });

    it("by break out of streamLines leaves nothing open", async () => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const before = openFollowers();
      const { signal } = new AbortController();
      for await (const { line } of client.streamLines(name, { signal })) {
        expect(line).toBe("first");
        break;
      }
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
    });

    it("before it was read at all was never opened, and cannot be read any more", async () => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const output = client.streamOutput(name);
      await output[Symbol.asyncDispose]();
      const iterator = output[Symbol.asyncIterator]();
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    });

    it("again and again leaves the connection usable", async () => {
      const { client } = open();
      const name = await started("echo first; sleep 600");
      const before = openFollowers();
      for (let round = 0; round < 120; round += 1) {
        for await (const _ of client.streamOutput(name)) {
          break;
        }
      }
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
      await expect.poll(openFollowers).toBeLessThanOrEqual(before);
    });
  });
}
