import { describe, expect, it } from "vitest";
import { Pull, type PullSource } from "../../src/async/pull.js";

/** A source that is fed by hand, and notes how it is treated. */
class Fed implements PullSource<number> {
  readonly closed: unknown[] = [];
  readonly #items: number[] = [];
  #waiting: { resolve(more: boolean): void; reject(why: unknown): void } | undefined;
  #isOver = false;
  #failure: unknown;

  constructor(...items: number[]) {
    this.#items.push(...items);
  }

  feed(...items: number[]): void {
    this.#items.push(...items);
    this.#wake((waiting) => waiting.resolve(true));
  }

  end(): void {
    this.#isOver = true;
    this.#wake((waiting) => waiting.resolve(this.#items.length > 0));
  }

  fail(why: unknown): void {
    this.#failure = why;
    this.#wake((waiting) => waiting.reject(why));
  }

  take(): number | undefined {
    return this.#items.shift();
  }

  more(): Promise<boolean> {
    if (this.#items.length > 0) {
      return Promise.resolve(true);
    }
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    if (this.#isOver) {
      return Promise.resolve(false);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  close(why: () => unknown): void {
    this.closed.push(why);
    this.#wake((waiting) => waiting.reject(why()));
  }

  #wake(tell: (waiting: { resolve(more: boolean): void; reject(why: unknown): void }) => void) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) {
      tell(waiting);
    }
  }
}

const DONE = { done: true, value: undefined };
const item = (value: number) => ({ done: false, value });

describe("a Pull", () => {
  it("gives what there is, waits for more, and ends", async () => {
    const source = new Fed(1, 2);
    const pull = new Pull(source);
    expect(await pull.next()).toEqual(item(1));
    expect(await pull.next()).toEqual(item(2));
    const third = pull.next();
    source.feed(3);
    expect(await third).toEqual(item(3));
    source.end();
    expect(await pull.next()).toEqual(DONE);
    expect(await pull.next()).toEqual(DONE);
    expect(pull.isDone).toBe(true);
    expect(source.closed).toHaveLength(1);
  });

  it("waits again where there was nothing after all", async () => {
    const source = new Fed();
    const pull = new Pull(source);
    const next = pull.next();
    source.feed();
    await new Promise(setImmediate);
    source.feed(1);
    expect(await next).toEqual(item(1));
  });

  it("is an iterable of itself", async () => {
    const source = new Fed(1, 2, 3);
    source.end();
    const all: number[] = [];
    for await (const value of new Pull(source)) {
      all.push(value);
    }
    expect(all).toEqual([1, 2, 3]);
    expect(source.closed).toHaveLength(1);
  });

  it("gives calls of next() that run at the same time their items in order", async () => {
    const source = new Fed(1);
    const pull = new Pull(source);
    const order: number[] = [];
    const nexts = Array.from({ length: 5 }, async (_, index) => {
      const result = await pull.next();
      order.push(index);
      return result;
    });
    source.feed(2);
    await new Promise(setImmediate);
    source.feed(3, 4);
    await new Promise(setImmediate);
    source.end();
    expect(await Promise.all(nexts)).toEqual([item(1), item(2), item(3), item(4), DONE]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it("gives an item that came meanwhile to who asked first", async () => {
    const source = new Fed();
    const pull = new Pull(source);
    const first = pull.next();
    source.feed(1, 2);
    // The first one has not taken its item yet.
    const second = pull.next();
    expect(await Promise.all([first, second])).toEqual([item(1), item(2)]);
  });

  it("throws the source's error once, closes it, and is done after that", async () => {
    const source = new Fed();
    const pull = new Pull(source);
    const [first, second] = [pull.next(), pull.next()];
    const why = new Error("broken");
    source.fail(why);
    await expect(first).rejects.toBe(why);
    expect(await second).toEqual(DONE);
    expect(await pull.next()).toEqual(DONE);
    expect(source.closed).toHaveLength(1);
  });
});

describe("leaving a Pull", () => {
  it.each<[string, (pull: Pull<number>) => Promise<unknown>]>([
    ["return()", async (pull) => expect(await pull.return()).toEqual(DONE)],
    ["throw()", (pull) => expect(pull.throw("thrown")).rejects.toBe("thrown")],
    ["dispose", (pull) => pull[Symbol.asyncDispose]()],
  ])(
    "by %s ends calls of next() that are pending at once, and closes once",
    async (_how, leave) => {
      const source = new Fed();
      const pull = new Pull(source);
      const pending = [pull.next(), pull.next()];
      await leave(pull);
      expect(await Promise.all(pending)).toEqual([DONE, DONE]);
      expect(source.closed).toHaveLength(1);
      await leave(pull);
      expect(await pull.next()).toEqual(DONE);
      expect(source.closed).toHaveLength(1);
      expect(pull.isDone).toBe(true);
    },
  );

  it("before the first next() closes the source too", async () => {
    const source = new Fed(1);
    const pull = new Pull(source);
    await pull.return();
    expect(source.closed).toHaveLength(1);
    expect(await pull.next()).toEqual(DONE);
  });

  it("after its end does not close it again", async () => {
    const source = new Fed();
    source.end();
    const pull = new Pull(source);
    await pull.next();
    await pull.return();
    expect(source.closed).toHaveLength(1);
  });

  it("drops what had arrived", async () => {
    const source = new Fed();
    const pull = new Pull(source);
    const pending = pull.next();
    source.feed(1);
    await pull.return();
    expect(await pending).toEqual(DONE);
  });

  it("swallows an error that comes after it", async () => {
    const late: PullSource<number> & { fail(why: unknown): void } = {
      take: () => undefined,
      more: () =>
        new Promise((_resolve, reject) => {
          late.fail = reject;
        }),
      close: () => undefined,
      fail: () => undefined,
    };
    const pull = new Pull(late);
    const pending = pull.next();
    await pull.return();
    late.fail(new Error("too late"));
    expect(await pending).toEqual(DONE);
  });

  it("in the middle of a loop closes the source", async () => {
    const source = new Fed(1, 2, 3);
    for await (const value of new Pull(source)) {
      if (value === 2) {
        break;
      }
    }
    expect(source.closed).toHaveLength(1);
    expect(source.take()).toBe(3);
  });
});
