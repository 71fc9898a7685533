import { EventEmitter, getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../src/async/wait-for.js";

function waitForEvent(emitter: EventEmitter, signal: AbortSignal): Promise<void> {
  return waitFor((resolve) => {
    emitter.once("event", resolve);
    return () => emitter.off("event", resolve);
  }, signal);
}

describe("waitFor", () => {
  it("resolves with the event, and leaves nothing on the signal", async () => {
    const emitter = new EventEmitter();
    const { signal } = new AbortController();
    const waiting = waitForEvent(emitter, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    emitter.emit("event");
    await waiting;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("rejects with the signal's reason, and leaves nothing subscribed", async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const waiting = waitForEvent(emitter, controller.signal);
    controller.abort("why");
    await expect(waiting).rejects.toBe("why");
    expect(emitter.listenerCount("event")).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("does not subscribe where the signal has aborted", async () => {
    const emitter = new EventEmitter();
    await expect(waitForEvent(emitter, AbortSignal.abort("why"))).rejects.toBe("why");
    expect(emitter.listenerCount("event")).toBe(0);
  });

  it("resolves where the event comes during the subscription", async () => {
    const { signal } = new AbortController();
    await waitFor((resolve) => {
      resolve();
      return () => {};
    }, signal);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("keeps to what came first when the event and the abort meet", async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const waiting = waitForEvent(emitter, controller.signal);
    emitter.emit("event");
    controller.abort("too late");
    await expect(waiting).resolves.toBeUndefined();
  });
});
