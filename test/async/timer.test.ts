import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startTimer } from "../../src/async/timer.js";

const DAY_MS = 86_400_000;

describe("startTimer", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("calls back once, after the delay", () => {
    const callback = vi.fn();
    startTimer(1_000, callback);
    vi.advanceTimersByTime(999);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 100 * DAY_MS])(
    "waits for %i ms, although Node fires longer timers than 2^31 - 1 ms at once",
    (delayMs) => {
      const callback = vi.fn();
      startTimer(delayMs, callback);
      vi.advanceTimersByTime(delayMs - 1);
      expect(callback).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(callback).toHaveBeenCalledOnce();
    },
  );

  it("never calls back for an endless delay", () => {
    const callback = vi.fn();
    const stop = startTimer(Number.POSITIVE_INFINITY, callback);
    vi.advanceTimersByTime(200 * DAY_MS);
    expect(callback).not.toHaveBeenCalled();
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a delay that is over for zero", () => {
    const callback = vi.fn();
    startTimer(-5, callback);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
  });

  it("leaves no timer when it is stopped, early or in a later stage of a long delay", () => {
    const callback = vi.fn();
    startTimer(10, callback)();
    expect(vi.getTimerCount()).toBe(0);
    const stop = startTimer(60 * DAY_MS, callback);
    vi.advanceTimersByTime(40 * DAY_MS);
    expect(vi.getTimerCount()).toBe(1);
    stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(callback).not.toHaveBeenCalled();
  });
});
