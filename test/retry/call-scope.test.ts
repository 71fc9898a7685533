import { getEventListeners } from "node:events";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallScope } from "../../src/retry/call-scope.js";

describe("CallScope", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("aborts with the caller's own reason", () => {
    const caller = new AbortController();
    const scope = new CallScope("a call", { signals: [undefined, caller.signal], timeoutMs: 100 });
    const reason = { any: "thing" };
    caller.abort(reason);
    expect(scope.signal.reason).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("aborts with DeadlineExceeded when the time is over, and tells what took too long", () => {
    const scope = new CallScope("GetProcess of p", { timeoutMs: 100 });
    vi.advanceTimersByTime(99);
    expect(scope.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(scope.signal.reason).toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: "GetProcess of p took longer than 100 ms",
    });
  });

  it("keeps the first reason, whichever of the others come later", () => {
    const first = new AbortController();
    const second = new AbortController();
    const signals = [first.signal, second.signal];
    const scope = new CallScope("a call", { signals, timeoutMs: 100 });
    second.abort("second");
    first.abort("first");
    vi.advanceTimersByTime(1_000);
    scope.abort("own");
    expect(scope.signal.reason).toBe("second");
  });

  it("takes the reason of a signal that has aborted before, and starts no timer", () => {
    const later = new AbortController();
    const signals = [AbortSignal.abort("before"), later.signal];
    const scope = new CallScope("a call", { signals, timeoutMs: 100 });
    expect(scope.signal.reason).toBe("before");
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(later.signal, "abort")).toEqual([]);
  });

  it.each([
    ["released", (scope: CallScope) => scope.release()],
    ["aborted", (scope: CallScope) => scope.abort("own")],
  ])("leaves no timer and no listener when it is %s", (_how, end) => {
    const caller = new AbortController();
    const scope = new CallScope("a call", { signals: [caller.signal], timeoutMs: 100 });
    end(scope);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(caller.signal, "abort")).toEqual([]);
  });

  it("does not abort any more once it is released", () => {
    const caller = new AbortController();
    const scope = new CallScope("a call", { signals: [caller.signal], timeoutMs: 100 });
    scope.release();
    caller.abort();
    vi.advanceTimersByTime(1_000);
    expect(scope.signal.aborted).toBe(false);
  });

  it("tells how much time is left, never less than none", () => {
    const scope = new CallScope("a call", { timeoutMs: 100 });
    vi.advanceTimersByTime(40);
    expect(scope.remainingMs).toBe(60);
    vi.advanceTimersByTime(400);
    expect(scope.remainingMs).toBe(0);
    expect(new CallScope("a call", {}).remainingMs).toBe(Number.POSITIVE_INFINITY);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("runs for a limit that no timer of Node can hold", () => {
    const scope = new CallScope("a call", { timeoutMs: 2 ** 32 });
    vi.advanceTimersByTime(2 ** 32 - 1);
    expect(scope.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(scope.signal.aborted).toBe(true);
  });
});
