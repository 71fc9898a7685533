import { PassThrough, Writable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { Limit } from "../../src/async/limit.js";
import { WritableSink } from "../../src/output/writable-sink.js";

const data = new Uint8Array([1, 2, 3]);
const never = new Limit();

/** A Writable that takes data only when it is told to. */
class Stuck extends Writable {
  readonly #waiting: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#waiting.push(callback);
  }

  takeOne(): void {
    this.#waiting.shift()?.();
  }
}

const settled = async (promise: Promise<void> | undefined) => {
  let done = false;
  promise?.then(
    () => {
      done = true;
    },
    () => {},
  );
  await new Promise(setImmediate);
  return done;
};

const listeners = (writable: Writable) =>
  ["error", "close", "drain"].map((event) => writable.listenerCount(event));

describe("a write to a Writable", () => {
  it("need not be waited for while there is room", () => {
    const writable = new PassThrough();
    const sink = new WritableSink(writable, () => {});
    expect(sink.write(data, never)).toBeUndefined();
    expect(writable.read()).toEqual(Buffer.from(data));
  });

  it("resolves only when a full Writable has room again", async () => {
    const writable = new Stuck();
    const sink = new WritableSink(writable, () => {});
    const writing = sink.write(data, never);
    expect(await settled(writing)).toBe(false);
    writable.takeOne();
    await writing;
    sink.release();
    expect(listeners(writable)).toEqual([0, 0, 0]);
  });

  it("rejects with the limit's reason when that ends, and leaves no listener", async () => {
    const writable = new Stuck();
    const sink = new WritableSink(writable, () => {});
    const limit = new Limit();
    const writing = sink.write(data, limit);
    limit.end(() => "why");
    await expect(writing).rejects.toBe("why");
    expect(() => sink.write(data, limit)).toThrow("why");
    sink.release();
    expect(listeners(writable)).toEqual([0, 0, 0]);
  });
});

describe("the flush of a Writable", () => {
  it("resolves when it has handed on everything, and at once where it has", async () => {
    const writable = new Stuck();
    const sink = new WritableSink(writable, () => {});
    const writing = sink.write(data, never);
    const flushing = sink.flush(never);
    expect(await settled(flushing)).toBe(false);
    writable.takeOne();
    await Promise.all([writing, flushing, sink.flush(never)]);
  });

  it("rejects with the limit's reason when that ends", async () => {
    const sink = new WritableSink(new Stuck(), () => {});
    const limit = new Limit();
    const writing = sink.write(data, limit);
    const flushing = sink.flush(limit);
    limit.end(() => "why");
    await expect(writing).rejects.toBe("why");
    await expect(flushing).rejects.toBe("why");
  });
});

describe("the failure of a Writable", () => {
  it("is told at once, though nothing is being written", async () => {
    const onFailure = vi.fn();
    const writable = new PassThrough();
    const sink = new WritableSink(writable, onFailure);
    const reason = new Error("EPIPE");
    writable.destroy(reason);
    await new Promise((resolve) => writable.once("close", resolve));
    expect(onFailure.mock.calls[0]).toEqual([reason]);
    sink.release();
  });

  it.each([
    ["destroyed", (writable: Writable) => writable.destroy()],
    ["ended", (writable: Writable) => writable.end()],
  ])("includes that it was %s before", (_how, end) => {
    const onFailure = vi.fn();
    const writable = new PassThrough();
    end(writable);
    new WritableSink(writable, onFailure).release();
    expect(onFailure.mock.calls[0]?.[0]).toMatchObject({
      message: "the Writable takes no more: it was ended before",
    });
  });

  it("of a single write ends that write, and those that follow", async () => {
    const reason = new Error("disk full");
    const writable = new Writable({ write: (_chunk, _encoding, callback) => callback(reason) });
    const limit = new Limit();
    const sink = new WritableSink(writable, (why) => limit.end(() => why));
    await expect(sink.write(data, limit)).rejects.toBe(reason);
    expect(() => sink.write(data, limit)).toThrow(reason);
    await expect(sink.flush(limit)).rejects.toBe(reason);
    sink.release();
  });
});

it("a Writable is never ended by the sink, and keeps none of its listeners", async () => {
  const writable = new PassThrough();
  const before = listeners(writable);
  const sink = new WritableSink(writable, () => {});
  await sink.write(data, never);
  await sink.flush(never);
  sink.release();
  expect(writable.writableEnded).toBe(false);
  expect(listeners(writable)).toEqual(before);
});
