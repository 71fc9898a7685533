import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { OutputChunk } from "../../src/index.js";
import { collectGarbage } from "../support/collect-garbage.js";
import { rejection } from "../support/rejection.js";
import { batchOf, clientOver, NAME } from "./support/scripted-output.js";

const BROKEN = { kind: "lost", code: Code.Unavailable, message: "broke" } as const;

const text = ({ data }: OutputChunk) => Buffer.from(data).toString();

describe("output that is handed over", () => {
  it("is counted no further than the chunk at which an abort ended the loop", async () => {
    const abort = new AbortController();
    const client = clientOver({ open: (queue) => queue.add(batchOf("a", "b", "c", "d")) });
    const output = client.streamOutput(NAME, { signal: abort.signal });
    let seen = 0;
    const loop = async () => {
      for await (const { data } of output) {
        seen += data.length;
        if (seen === 2) {
          abort.abort("enough");
        }
      }
    };
    expect(await rejection(loop())).toBe("enough");
    expect(seen).toBe(2);
    expect(output.position?.stdout.bytes).toBe(2);
  });

  it("is counted no further than the chunk at which the time was over", async () => {
    const client = clientOver({ open: (queue) => queue.add(batchOf("a", "b", "c", "d")) });
    const output = client.streamOutput(NAME, { timeoutMs: 20 });
    const loop = async () => {
      for await (const _ of output) {
        await sleep(60);
      }
    };
    expect(await rejection(loop())).toMatchObject({ code: Code.DeadlineExceeded });
    expect(output.position?.stdout.bytes).toBe(1);
  });

  it("tells the position of each chunk, of both streams", async () => {
    const client = clientOver({
      open: (queue) => {
        queue.add(batchOf("a", "!b", "cc"));
        queue.end(undefined);
      },
    });
    const output = client.streamOutput(NAME);
    const positions: (readonly [number | undefined, number | undefined])[] = [];
    for await (const _ of output) {
      positions.push([output.position?.stdout.bytes, output.position?.stderr.bytes]);
    }
    expect(positions).toEqual([
      [1, 0],
      [1, 2],
      [3, 2],
    ]);
  });

  it("may be changed by its reader: what was sent before is compared all the same", async () => {
    const client = clientOver(
      {
        open: (queue, n) => {
          queue.add(batchOf("a", "b"));
          if (n === 1) {
            queue.end(BROKEN);
          } else {
            queue.add(batchOf("c"));
            queue.end(undefined);
          }
        },
      },
      { retry: { baseDelayMs: 1 } },
    );
    let all = "";
    for await (const chunk of client.streamOutput(NAME)) {
      all += text(chunk);
      chunk.data.fill(0);
    }
    expect(all).toBe("abc");
  });

  it("rejects, and throws nothing at once, where its reader has transferred what it shares", async () => {
    const client = clientOver({
      open: (queue) => {
        queue.add(batchOf("a", "b"));
        queue.end(undefined);
      },
    });
    const iterator = client.streamOutput(NAME)[Symbol.asyncIterator]();
    const first = await iterator.next();
    const { buffer } = (first.done ? undefined : first.value)?.data ?? new Uint8Array(1);
    structuredClone(buffer, { transfer: [buffer] });
    expect(await rejection(iterator.next())).toBeInstanceOf(TypeError);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("goes to those who wait in their order, and ends for all at return()", async () => {
    const queues: Parameters<Parameters<typeof clientOver>[0]["open"]>[0][] = [];
    const client = clientOver({ open: (queue) => queues.push(queue) });
    const iterator = client.streamOutput(NAME)[Symbol.asyncIterator]();
    const waiting = [1, 2, 3, 4].map(() => iterator.next());
    await expect.poll(() => queues.length).toBe(1);
    queues[0]?.add(batchOf("a", "b"));
    await waiting[1];
    queues[0]?.add(batchOf("c"));
    await waiting[2];
    await iterator.return?.();
    const results = await Promise.all(waiting);
    expect(results.map((one) => (one.done ? "done" : text(one.value)))).toEqual([
      "a",
      "b",
      "c",
      "done",
    ]);
  });
});

describe("an abort", () => {
  it("between the two last lines is no end", async () => {
    const abort = new AbortController();
    const client = clientOver({
      open: (queue) => {
        queue.add(batchOf("one", "!two"));
        queue.end(undefined);
      },
    });
    const lines: string[] = [];
    const loop = async () => {
      for await (const { line } of client.streamLines(NAME, { signal: abort.signal })) {
        lines.push(line);
        abort.abort("enough");
      }
    };
    expect(await rejection(loop())).toBe("enough");
    expect(lines).toEqual(["one"]);
  });
});

describe("a quiet follower", () => {
  it("gathers no memory for each look at its process", { timeout: 60_000 }, async () => {
    let looks = 0;
    const state = () => {
      looks += 1;
      return Process_State.RUNNING;
    };
    const client = clientOver({ open: () => undefined, state }, { idleTimeoutMs: 1 });
    const iterator = client.streamOutput(NAME)[Symbol.asyncIterator]();
    const pending = iterator.next();
    const measured = async (count: number) => {
      await expect.poll(() => looks, { timeout: 50_000 }).toBeGreaterThan(count);
      collectGarbage();
      return { looks, heap: process.memoryUsage().heapUsed };
    };
    const first = await measured(500);
    const last = await measured(3_500);
    // Promises that were kept for each look took 1,100 bytes a look.
    expect((last.heap - first.heap) / (last.looks - first.looks)).toBeLessThan(500);
    await iterator.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
  });
});
