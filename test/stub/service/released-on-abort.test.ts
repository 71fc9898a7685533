import { describe, expect, test, vi } from "vitest";

import { releasedOnAbort } from "../../../src/stub/service/create-process-service.js";
import { collect } from "../../support/collect.js";

/** Yields 0, 1, … and tells when it was released. */
function createSource(items: number) {
  const source = {
    released: false,
    async *items(): AsyncGenerator<number> {
      try {
        for (let item = 0; item < items; item += 1) {
          yield item;
        }
      } finally {
        source.released = true;
      }
    },
  };
  return source;
}

describe("releasedOnAbort", () => {
  test("hands over all items, and leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const source = createSource(3);
    expect(await collect(releasedOnAbort(source.items(), signal))).toEqual([0, 1, 2]);
    expect(source.released).toBe(true);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });

  test("releases the source on an abort although nobody asks for an item any more", async () => {
    const controller = new AbortController();
    const source = createSource(3);
    await releasedOnAbort(source.items(), controller.signal).next();
    controller.abort();
    await expect.poll(() => source.released).toBe(true);
  });

  test("throws the reason, not an end, when an item is asked for after the abort", async () => {
    const controller = new AbortController();
    const reason = new Error("gone");
    const items = releasedOnAbort(createSource(3).items(), controller.signal);
    await items.next();
    controller.abort(reason);
    await expect(items.next()).rejects.toBe(reason);
  });

  test("throws the reason where the source ends because of the abort", async () => {
    const controller = new AbortController();
    const reason = new Error("gone");
    async function* endsOnAbort(): AsyncGenerator<number> {
      await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
    }
    const next = releasedOnAbort(endsOnAbort(), controller.signal).next();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  test("releases the source when the loop is left", async () => {
    const source = createSource(3);
    for await (const item of releasedOnAbort(source.items(), new AbortController().signal)) {
      expect(item).toBe(0);
      break;
    }
    expect(source.released).toBe(true);
  });

  test("hands an error of the source on", async () => {
    const failure = new Error("broken");
    // biome-ignore lint/correctness/useYield: it fails before its first item
    async function* broken(): AsyncGenerator<number> {
      throw failure;
    }
    const items = releasedOnAbort(broken(), new AbortController().signal);
    await expect(items.next()).rejects.toBe(failure);
  });
});
