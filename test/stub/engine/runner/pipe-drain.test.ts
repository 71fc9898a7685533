import { closeSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { systemClock } from "../../../../src/stub/engine/clock.js";
import { makeFifos } from "../../../../src/stub/engine/runner/child-processes.js";
import { openPipe } from "../../../../src/stub/engine/runner/pipe.js";
import { PipeDrain } from "../../../../src/stub/engine/runner/pipe-drain.js";
import type { OutputSink } from "../../../../src/stub/engine/runner/runner.js";
import { exists, until } from "../support.js";

/** A clock whose timers run when the test says so. */
class StoppedClock {
  readonly timers = new Set<() => void>();
  now(): number {
    return 0;
  }
  schedule(_delayMs: number, callback: () => void): () => void {
    const timer = () => {
      this.timers.delete(timer);
      callback();
    };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  elapse(): void {
    for (const timer of [...this.timers]) timer();
  }
}

let directory: string;
let writeEnd: number | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aiem-pipe-"));
});
afterEach(() => {
  if (writeEnd !== undefined) closeSync(writeEnd);
  writeEnd = undefined;
  rmSync(directory, { recursive: true });
});

async function makeDrain(write: OutputSink["write"], clock = systemClock) {
  const fifo = join(directory, "fifo");
  await makeFifos([fifo]);
  const pipe = openPipe(fifo);
  expect(exists(fifo)).toBe(false);
  writeEnd = pipe.writeEnd;
  const drain = new PipeDrain(pipe.readEnd, OutputStream.STDOUT, { write }, clock);
  let ended = false;
  void drain.ended.then(() => {
    ended = true;
  });
  return { drain, writeEnd: pipe.writeEnd, isEnded: () => ended };
}

describe("a pipe after its program's end", () => {
  it("is read to what is in it, and then given up while somebody holds it open", async () => {
    let bytes = 0;
    const { drain, writeEnd } = await makeDrain((_stream, data) => {
      bytes += data.length;
      return true;
    });
    writeSync(writeEnd, Buffer.alloc(60_000));
    drain.programEnded();
    await drain.ended;
    expect(bytes).toBe(60_000);
  });

  it("is read before it is given up, however long this program was busy", async () => {
    let bytes = 0;
    const { drain, writeEnd } = await makeDrain((_stream, data) => {
      bytes += data.length;
      return true;
    });
    drain.programEnded();
    writeSync(writeEnd, Buffer.alloc(1000));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    await drain.ended;
    expect(bytes).toBe(1000);
  });

  it("has all the time that the sink needs", async () => {
    const clock = new StoppedClock();
    const releases: ((goOn: boolean) => void)[] = [];
    let bytes = 0;
    const { drain, writeEnd, isEnded } = await makeDrain((_stream, data) => {
      bytes += data.length;
      return new Promise((resolve) => releases.push(resolve));
    }, clock);
    writeSync(writeEnd, "one");
    await until(() => bytes === 3);
    drain.programEnded();
    expect(clock.timers.size).toBe(0);
    writeSync(writeEnd, "two");
    await sleep(20);
    expect(bytes).toBe(3);
    releases.shift()?.(true);
    await until(() => bytes === 6);
    expect(clock.timers.size).toBe(0);
    releases.shift()?.(true);
    await until(() => clock.timers.size === 2);
    expect(isEnded()).toBe(false);
    clock.elapse();
    await drain.ended;
  });

  it("is given up at once where the sink wants nothing more", async () => {
    let writes = 0;
    const { drain, writeEnd, isEnded } = await makeDrain(() => {
      writes += 1;
      return Promise.resolve(false);
    });
    writeSync(writeEnd, "one");
    await until(() => writes === 1);
    writeSync(writeEnd, "two");
    await sleep(20);
    expect(isEnded()).toBe(false);
    drain.programEnded();
    await drain.ended;
    expect(writes).toBe(1);
  });

  it("is given up after more than a pipe can hold", async () => {
    let bytes = 0;
    const { drain, writeEnd } = await makeDrain((_stream, data) => {
      bytes += data.length;
      return true;
    }, new StoppedClock());
    drain.programEnded();
    let isOpen = true;
    while (isOpen) {
      const before = bytes;
      try {
        writeSync(writeEnd, Buffer.alloc(60_000));
      } catch (error) {
        expect(error).toMatchObject({ code: "EPIPE" });
        isOpen = false;
      }
      await until(() => bytes > before || !isOpen);
    }
    await drain.ended;
    expect(bytes).toBeGreaterThan(1024 * 1024);
    expect(bytes).toBeLessThan(2 * 1024 * 1024);
  });
});
