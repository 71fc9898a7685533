import { closeSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { systemClock } from "../../../../src/stub/engine/clock.js";
import { PipeDrain } from "../../../../src/stub/engine/runner/pipe-drain.js";
import { PipePool } from "../../../../src/stub/engine/runner/pipe-pool.js";
import type { OutputSink } from "../../../../src/stub/engine/runner/runner.js";
import { until } from "../support.js";

/** A clock whose timers run when the test says so. */
class StoppedClock {
  readonly timers = new Map<() => void, number>();
  #now = 0;
  now(): number {
    return this.#now;
  }
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = () => {
      this.timers.delete(timer);
      callback();
    };
    this.timers.set(timer, this.#now + delayMs);
    return () => this.timers.delete(timer);
  }
  elapse(ms: number): void {
    this.#now += ms;
    for (const [timer, at] of [...this.timers]) {
      if (at <= this.#now) {
        timer();
      }
    }
  }
}

let directory: string;
let writeEnd: number | undefined;
let opened: PipeDrain | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aiem-pipe-"));
});
afterEach(async () => {
  opened?.giveUp();
  await opened?.closed;
  opened = undefined;
  if (writeEnd !== undefined) {
    closeSync(writeEnd);
  }
  writeEnd = undefined;
  rmSync(directory, { recursive: true });
});

async function makeDrain(write: OutputSink["write"], clock = systemClock) {
  const [pipe, unused] = await new PipePool(() => directory).openTwo();
  closeSync(unused.readEnd);
  closeSync(unused.writeEnd);
  writeEnd = pipe.writeEnd;
  const drain = new PipeDrain(pipe, OutputStream.STDOUT, { write }, clock);
  opened = drain;
  let ended = false;
  void drain.ended.then(() => {
    ended = true;
  });
  return { drain, writeEnd: pipe.writeEnd, isEnded: () => ended };
}

describe("a pipe after its program's end", () => {
  it("is captured to what is in it, and then no more while somebody holds it open", async () => {
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

  it("is captured to what is in it, however long this program was busy", async () => {
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
    clock.elapse(250);
    await drain.ended;
  });

  it("is captured for a second of writes now and then, not counting what the sink takes", async () => {
    const clock = new StoppedClock();
    let release = (): void => {};
    let bytes = 0;
    const { drain, writeEnd, isEnded } = await makeDrain((_stream, data) => {
      bytes += data.length;
      return bytes === 3 ? new Promise((resolve) => (release = () => resolve(true))) : true;
    }, clock);
    const write = async () => {
      const before = bytes;
      writeSync(writeEnd, "x");
      await until(() => bytes > before);
      clock.elapse(200);
      await sleep(5);
    };
    drain.programEnded();
    await write();
    await write();
    expect(clock.timers.size).toBe(2);
    await write();
    expect(clock.timers.size).toBe(0);
    clock.elapse(60_000);
    release();
    await until(() => clock.timers.size === 2);
    await write();
    await write();
    expect(isEnded()).toBe(false);
    await write();
    await drain.ended;
    expect(bytes).toBe(6);
  });

  it("is closed at once where the sink wants nothing more", async () => {
    let writes = 0;
    const { drain, writeEnd, isEnded } = await makeDrain(() => {
      writes += 1;
      return Promise.resolve(false);
    });
    writeSync(writeEnd, "one");
    await drain.closed;
    expect(isEnded()).toBe(true);
    expect(() => writeSync(writeEnd, "two")).toThrow("EPIPE");
    expect(writes).toBe(1);
  });

  it("is no longer captured after more than a pipe can hold", async () => {
    let bytes = 0;
    const { drain, writeEnd, isEnded } = await makeDrain((_stream, data) => {
      bytes += data.length;
      return true;
    }, new StoppedClock());
    drain.programEnded();
    while (!isEnded()) {
      const before = bytes;
      writeSync(writeEnd, Buffer.alloc(60_000));
      await until(() => bytes > before || isEnded());
    }
    expect(bytes).toBeGreaterThan(1024 * 1024);
    expect(bytes).toBeLessThan(2 * 1024 * 1024);
  });

  it("is closed at once where it is given up, whoever holds it open", async () => {
    const { drain, writeEnd } = await makeDrain(() => true);
    drain.giveUp();
    await Promise.all([drain.ended, drain.closed]);
    expect(() => writeSync(writeEnd, "late")).toThrow("EPIPE");
  });
});
