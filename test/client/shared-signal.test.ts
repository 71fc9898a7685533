import { getEventListeners } from "node:events";
import { createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import { ProcessService } from "../../src/gen.js";
import { ProcessClient } from "../../src/index.js";
import { CALLS } from "../rules/calls.js";

const COPIES = 50;

/** A client whose server never answers, until it is told that the call is over. */
function hangingClient(): ProcessClient {
  const forever = (_request: unknown, { signal }: { readonly signal: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  const transport = createRouterTransport((router) =>
    router.service(ProcessService, {
      createProcess: forever,
      startProcess: forever,
      getProcess: forever,
      listProcesses: forever,
      sendSignal: forever,
      waitProcess: forever,
      readOutput: forever,
      readOutputFrames: forever,
      async *streamOutput(request, context) {
        yield await forever(request, context);
      },
    }),
  );
  return new ProcessClient({ transport });
}

describe(`${COPIES} calls at once on one signal`, () => {
  it.each(CALLS)("of %s end with its reason, and leave nothing on it", async (_title, run) => {
    const warned = vi.fn();
    process.on("warning", warned);
    try {
      const controller = new AbortController();
      const { signal } = controller;
      const client = hangingClient();
      const calls = Array.from({ length: COPIES }, () => run(client, { signal }));
      const ends = Promise.allSettled(calls);
      await new Promise(setImmediate);
      expect(getEventListeners(signal, "abort").length).toBeLessThanOrEqual(1);
      const reason = { why: "enough" };
      controller.abort(reason);
      for (const end of await ends) {
        expect(end.status === "rejected" && end.reason).toBe(reason);
      }
      expect(getEventListeners(signal, "abort")).toEqual([]);
      // Warnings are told in a later turn.
      await new Promise(setImmediate);
      expect(warned.mock.calls).toEqual([]);
    } finally {
      process.off("warning", warned);
    }
  });
});
