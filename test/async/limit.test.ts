import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Limit, sleep, unlessEnded } from "../../src/async/limit.js";

const listenersOn = (signal: AbortSignal) => getEventListeners(signal, "abort");

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Limit", () => {
  it("ends with the caller's own reason", () => {
    const caller = new AbortController();
    const limit = new Limit({ signal: caller.signal, ms: 100 });
    expect(limit.ended).toBeUndefined();
    const reason = { any: "thing" };
    caller.abort(reason);
    expect(limit.ended?.reason).toBe(reason);
    expect(() => limit.throwIfEnded()).toThrow(expect.objectContaining(reason));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends when the time is over, with the error that tells what took too long", () => {
    const overdue = vi.fn(() => new Error("GetProcess of p took longer than 100 ms"));
    const limit = new Limit({ ms: 100, overdue });
    vi.advanceTimersByTime(99);
    expect(limit.isEnded).toBe(false);
    limit.throwIfEnded();
    vi.advanceTimersByTime(1);
    expect(limit.isEnded).toBe(true);
    // Made when it is asked for, and once: its stack shows who asked.
    expect(overdue).not.toHaveBeenCalled();
    expect(limit.ended?.reason).toMatchObject({
      message: "GetProcess of p took longer than 100 ms",
    });
    expect(limit.ended?.reason).toBe(limit.signal.reason);
    expect(overdue).toHaveBeenCalledOnce();
  });

  it("keeps the first reason, whichever of the others come later", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const outer = new Limit({ signal: first.signal });
    const limit = outer.within({ signal: second.signal, ms: 100 });
    second.abort("second");
    first.abort("first");
    vi.advanceTimersByTime(1_000);
    limit.end(() => "own");
    expect(limit.ended?.reason).toBe("second");
    expect(outer.ended?.reason).toBe("first");
  });

  it("takes the reason of a signal that has aborted before, and starts no timer", () => {
    const limit = new Limit({ signal: AbortSignal.abort("before"), ms: 100 });
    expect(limit.ended?.reason).toBe("before");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes the reason of an outer one that has ended, and listens to nothing", () => {
    const outer = new Limit();
    outer.end(() => "before");
    const later = new AbortController();
    const limit = outer.within({ signal: later.signal, ms: 100 });
    expect(limit.ended?.reason).toBe("before");
    expect(vi.getTimerCount()).toBe(0);
    expect(listenersOn(later.signal)).toEqual([]);
  });

  it.each([
    ["released", (limit: Limit) => limit.release()],
    ["ended", (limit: Limit) => limit.end(() => "own")],
  ])("leaves no timer and no listener when it is %s", (_how, end) => {
    const caller = new AbortController();
    const limit = new Limit({ signal: caller.signal, ms: 100 });
    end(limit);
    expect(vi.getTimerCount()).toBe(0);
    expect(listenersOn(caller.signal)).toEqual([]);
  });

  it("does not end any more by itself once it is released", () => {
    const caller = new AbortController();
    const outer = new Limit();
    const limit = outer.within({ signal: caller.signal, ms: 100 });
    limit.release();
    caller.abort();
    outer.end(() => "outer");
    vi.advanceTimersByTime(1_000);
    expect(limit.isEnded).toBe(false);
    limit.end(() => "own");
    expect(limit.ended?.reason).toBe("own");
  });

  it("tells how much time is left, never less than none", () => {
    const limit = new Limit({ ms: 100 });
    vi.advanceTimersByTime(40);
    expect(limit.remainingMs()).toBeCloseTo(60);
    vi.advanceTimersByTime(400);
    expect(limit.remainingMs()).toBe(0);
    expect(new Limit().remainingMs()).toBe(Number.POSITIVE_INFINITY);
    expect(new Limit({ ms: Number.POSITIVE_INFINITY }).remainingMs()).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has no more time than the outer one", () => {
    const outer = new Limit({ ms: 100 });
    expect(outer.within({ ms: 5_000 }).remainingMs()).toBeCloseTo(100);
    expect(outer.within({ ms: 40 }).remainingMs()).toBeCloseTo(40);
    expect(outer.within({}).remainingMs()).toBeCloseTo(100);
  });

  it("that is soft only tells that its time is over", () => {
    const limit = new Limit({ ms: 100, soft: true });
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(limit.remainingMs()).toBe(0);
    expect(limit.isEnded).toBe(false);
  });

  it("runs for a time that no timer of Node can hold", () => {
    const limit = new Limit({ ms: 2 ** 32 });
    vi.advanceTimersByTime(2 ** 32 - 1);
    expect(limit.isEnded).toBe(false);
    vi.advanceTimersByTime(1);
    expect(limit.isEnded).toBe(true);
  });

  it("hands on to those within it that there is to be one attempt", () => {
    const limit = new Limit({ once: true });
    expect(limit.once).toBe(true);
    expect(limit.within({ ms: 5 }).once).toBe(true);
    expect(new Limit().within({ once: true }).once).toBe(true);
    expect(new Limit().within({}).once).toBe(false);
  });

  it("calls listeners once at its end, at once where it has ended, and none that was taken off", () => {
    const calls: string[] = [];
    const limit = new Limit();
    limit.onEnd(() => calls.push("first"));
    limit.onEnd(() => calls.push("removed"))();
    limit.onEnd(() => removeOther());
    const removeOther = limit.onEnd(() => calls.push("removed by another"));
    limit.end(() => "why");
    limit.end(() => "again");
    expect(calls).toEqual(["first"]);
    limit.onEnd(() => calls.push("late"))();
    expect(calls).toEqual(["first", "late"]);
  });

  it("aborts its signal, which is made when it is asked for, with its reason", () => {
    const limit = new Limit();
    const { signal } = limit;
    expect(signal.aborted).toBe(false);
    limit.end(() => "why");
    expect(signal.reason).toBe("why");
    expect(limit.signal).toBe(signal);
    const ended = new Limit();
    ended.end(() => undefined);
    expect(ended.isEnded).toBe(true);
    expect(ended.signal.aborted).toBe(true);
  });
});

describe("unlessEnded", () => {
  it("gives the value of the promise, and leaves nothing on the limit", async () => {
    const limit = new Limit();
    let resolve: (value: string) => void = () => {};
    const value = new Promise<string>((done) => {
      resolve = done;
    });
    const given = unlessEnded(limit, value, "instead");
    resolve("value");
    expect(await given).toBe("value");
  });

  it("gives the other value as soon as the limit ends, whatever the promise does", async () => {
    const limit = new Limit();
    const given = unlessEnded(limit, new Promise<string>(() => {}), "instead");
    limit.end(() => "why");
    expect(await given).toBe("instead");
  });
});

describe("sleep within a limit", () => {
  it("ends after the time", async () => {
    const woken = vi.fn();
    const sleeping = sleep(1_000, new Limit()).then(woken);
    await vi.advanceTimersByTimeAsync(999);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
  });

  it("ends as soon as the limit does, and leaves no timer", async () => {
    const limit = new Limit();
    const sleeping = sleep(60_000, limit);
    limit.end(() => "why");
    await sleeping;
    await sleep(60_000, limit);
    expect(vi.getTimerCount()).toBe(0);
  });
});
