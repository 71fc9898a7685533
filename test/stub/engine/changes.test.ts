import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Changes } from "../../../src/stub/engine/changes.js";

describe("waiting for a change", () => {
  it("ends with the next one", async () => {
    const changes = new Changes();
    const { signal } = new AbortController();
    const waiting = [changes.after(0, signal), changes.after(0, signal)];
    changes.announce();
    await Promise.all(waiting);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("does not miss one that came between the look and the wait", async () => {
    const changes = new Changes();
    const { version } = changes;
    changes.announce();
    await changes.after(version, new AbortController().signal);
  });

  it("ends with the signal's reason, which nobody is told twice", async () => {
    const changes = new Changes();
    const leaving = new AbortController();
    const waiting = changes.after(0, leaving.signal);
    const reason = new Error("enough");
    leaving.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(changes.after(0, leaving.signal)).rejects.toBe(reason);
    changes.announce();
  });
});
