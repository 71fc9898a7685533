import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { onAbort } from "../../src/async/abort-listeners.js";

const listenersOn = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("onAbort", () => {
  it("calls each listener once when the signal aborts", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => calls.push("first"));
    onAbort(controller.signal, () => calls.push("second"));
    expect(calls).toEqual([]);
    controller.abort();
    controller.abort();
    expect(calls).toEqual(["first", "second"]);
  });

  it("calls the listener at once where the signal has aborted", () => {
    const calls: string[] = [];
    onAbort(AbortSignal.abort(), () => calls.push("now"))();
    expect(calls).toEqual(["now"]);
  });

  it("puts one listener on a signal, whatever the number of calls that share it", () => {
    const { signal } = new AbortController();
    const removals = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
    expect(listenersOn(signal)).toBe(1);
    for (const remove of removals.slice(1)) {
      remove();
    }
    expect(listenersOn(signal)).toBe(1);
    removals[0]?.();
    expect(listenersOn(signal)).toBe(0);
  });

  it("leaves nothing on a signal that aborted", () => {
    const controller = new AbortController();
    const remove = onAbort(controller.signal, () => {});
    controller.abort();
    expect(listenersOn(controller.signal)).toBe(0);
    remove();
    expect(listenersOn(controller.signal)).toBe(0);
  });

  it("does not call a listener that was removed", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    const remove = onAbort(controller.signal, () => calls.push("removed"));
    onAbort(controller.signal, () => calls.push("kept"));
    remove();
    remove();
    controller.abort();
    expect(calls).toEqual(["kept"]);
  });

  it("does not call a listener that another one removes during the abort", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => removeSecond());
    const removeSecond = onAbort(controller.signal, () => calls.push("second"));
    controller.abort();
    expect(calls).toEqual([]);
  });

  it("takes the same function twice, as two listeners", () => {
    const controller = new AbortController();
    let calls = 0;
    const listener = () => {
      calls += 1;
    };
    const remove = onAbort(controller.signal, listener);
    onAbort(controller.signal, listener);
    remove();
    controller.abort();
    expect(calls).toBe(1);
  });

  it("listens again after the last listener was removed", () => {
    const controller = new AbortController();
    onAbort(controller.signal, () => {})();
    const calls: string[] = [];
    onAbort(controller.signal, () => calls.push("later"));
    controller.abort();
    expect(calls).toEqual(["later"]);
  });
});
