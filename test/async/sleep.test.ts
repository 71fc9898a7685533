import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sleep } from "../../src/async/sleep.js";

describe("sleep", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends after the delay, and leaves nothing on the signal", async () => {
    const { signal } = new AbortController();
    const woken = vi.fn();
    const sleeping = sleep(1_000, signal).then(woken);
    await vi.advanceTimersByTimeAsync(999);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(woken).toHaveBeenCalledOnce();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("rejects with the signal's own reason as soon as it aborts, and leaves no timer", async () => {
    const controller = new AbortController();
    const reason = { any: "thing" };
    const sleeping = sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("does not start on a signal that has aborted", async () => {
    await expect(sleep(0, AbortSignal.abort("before"))).rejects.toBe("before");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("can be slept by many at once on one signal without a warning of a leak", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    const controller = new AbortController();
    const sleepers = Array.from({ length: 50 }, () => sleep(60_000, controller.signal));
    controller.abort("all");
    const ends = await Promise.allSettled(sleepers);
    expect(ends.map((end) => end.status === "rejected" && end.reason)).toEqual(
      Array.from({ length: 50 }, () => "all"),
    );
    vi.useRealTimers();
    await new Promise(setImmediate);
    process.off("warning", warned);
    expect(warned).not.toHaveBeenCalled();
  });
});
