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
  ["error", "close", "finish", "drain"].map((event) => writable.listenerCount(event));

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
    expect(listeners(writable)).toEqual([0, 0, 0, 0]);
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
    expect(listeners(writable)).toEqual([0, 0, 0, 0]);
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
    expect(onFailure.mock.calls[0]?.[0]()).toBe(reason);
    sink.release();
  });

  it.each([
    ["closed", (writable: Writable) => writable.destroy()],
    ["ended", (writable: Writable) => writable.end()],
  ])("includes that it was %s before", (how, end) => {
    const onFailure = vi.fn();
    const writable = new PassThrough();
    end(writable);
    new WritableSink(writable, onFailure).release();
    expect(onFailure.mock.calls[0]?.[0]()).toMatchObject({
      message: `the Writable takes no more: it was ${how} before`,
    });
  });

  it("of a single write ends that write, and those that follow", async () => {
    const reason = new Error("disk full");
    const writable = new Writable({ write: (_chunk, _encoding, callback) => callback(reason) });
    const limit = new Limit();
    const sink = new WritableSink(writable, (why) => limit.end(why));
    await expect(sink.write(data, limit)).rejects.toBe(reason);
    expect(() => sink.write(data, limit)).toThrow(reason);
    await expect(sink.flush(limit)).rejects.toBe(reason);
    sink.release();
  });
});

describe("a Writable whose write was replaced", () => {
  it("is not full where that returns nothing, and flushed where its callback is dropped", async () => {
    for (const answer of [undefined, true]) {
      const writable = new PassThrough();
      const written = vi.fn(() => answer);
      const sink = new WritableSink(Object.assign(writable, { write: written }), () => {});
      expect(sink.write(data, never)).toBeUndefined();
      await sink.flush(never);
      expect(written).toHaveBeenCalledOnce();
      sink.release();
    }
  });

  it("is flushed when what it was handed on to is, though the callback is dropped", async () => {
    const writable = new Stuck();
    const write = writable.write.bind(writable);
    Object.assign(writable, { write: (chunk: Uint8Array) => void write(chunk) });
    const sink = new WritableSink(writable, () => {});
    sink.write(data, never);
    const flushing = sink.flush(never);
    expect(await settled(flushing)).toBe(false);
    writable.takeOne();
    await flushing;
    sink.release();
  });

  it("need not tell how much is waiting in it", async () => {
    const writable = Object.assign(new PassThrough(), { write: () => true });
    Object.defineProperty(writable, "writableLength", { value: undefined });
    const sink = new WritableSink(writable, () => {});
    sink.write(data, never);
    await sink.flush(never);
    sink.release();
  });
});

describe("a Writable that somebody else ends or destroys", () => {
  const endings: [how: string, end: (writable: Writable) => void][] = [
    ["ended", (writable) => writable.end()],
    ["closed", (writable) => writable.destroy()],
  ];

  it.each(endings)("rejects a write that waits, and those that follow (%s)", async (how, end) => {
    const writable = new Stuck();
    const limit = new Limit();
    const sink = new WritableSink(writable, (why) => limit.end(why));
    const writing = sink.write(data, limit);
    end(writable);
    const reason = `the Writable takes no more: it was ${how} before the output ended`;
    await expect(writing).rejects.toThrow(reason);
    expect(() => sink.write(data, limit)).toThrow(reason);
    sink.release();
  });

  it.each(endings)("rejects a flush that waits (%s)", async (_how, end) => {
    const writable = new Writable({ write: () => undefined });
    const limit = new Limit();
    const sink = new WritableSink(writable, (why) => limit.end(why));
    sink.write(data, limit);
    const flushing = sink.flush(limit);
    end(writable);
    await expect(flushing).rejects.toThrow("the Writable takes no more");
    sink.release();
  });

  it.each(endings)("is told of though nothing is being written (%s)", async (how, end) => {
    const writable = new PassThrough();
    const limit = new Limit();
    const sink = new WritableSink(writable, (why) => limit.end(why));
    end(writable);
    await vi.waitUntil(() => limit.isEnded);
    expect(limit.ended?.reason).toMatchObject({ message: expect.stringContaining(how) });
    sink.release();
  });

  it("is noticed where that has no event", async () => {
    const writable = new Writable({ highWaterMark: 1, emitClose: false, write: () => undefined });
    const limit = new Limit();
    const sink = new WritableSink(writable, (why) => limit.end(why));
    const writing = sink.write(data, limit);
    writable.destroy();
    await expect(writing).rejects.toThrow("it was closed before the output ended");
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
