import { constants } from "node:http2";
import { Code } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { until } from "../../support/until.js";
import { PROCESS } from "../support/process-name.js";
import { asking } from "./support/asking-client.js";
import { PARENT } from "./support/guarded-service.js";
import { reflecting, tells } from "./support/reflecting.js";

const SILENT = /did not answer within 5000 ms/;

describe("a server that keeps silent about its contract", () => {
  test("is waited for by one call for five seconds, and asked again over the next connection", async () => {
    const reflection = reflecting((stream, question) => {
      if (stream.count > 1) {
        tells()(stream, question);
      }
    });
    const { client, events, server, calls } = await asking(reflection);
    const began = performance.now();
    await Promise.all([client.getProcess(PROCESS), client.listProcesses(PARENT)]);
    expect(performance.now() - began).toBeGreaterThan(4_900);
    expect(calls.sort()).toEqual(["get", "list"]);
    await client.getProcess(PROCESS);
    expect(reflection.streams).toBe(1);
    expect(events).toMatchObject([{ contract: "guarded", reason: expect.stringMatching(SILENT) }]);
    await expect.poll(() => reflection.open).toBe(0);

    for (const socket of server.sockets) {
      socket.destroy();
    }
    await expect.poll(() => server.sockets.size).toBe(0);
    await client.getProcess(PROCESS);
    expect(reflection.streams).toBe(2);
    expect(events.at(-1)).toMatchObject({ contract: "reflection" });
  }, 20_000);

  test.each([
    ["nothing at all", false],
    ["the headers of an answer", true],
  ])(
    "is waited for in parts, where each call has less time, after %s",
    async (_, hasHeaders) => {
      const reflection = reflecting((stream) => {
        if (hasHeaders) {
          stream.head();
        }
      });
      const { client, events } = await asking(reflection);
      let refused = 0;
      for (let isAnswered = false; !isAnswered; refused += isAnswered ? 0 : 1) {
        isAnswered = await client.getProcess(PROCESS, { timeoutMs: 1_000 }).then(
          () => true,
          (error) => {
            expect(error).toMatchObject({ code: Code.DeadlineExceeded });
            return false;
          },
        );
      }
      // The last one has some of its time left.
      expect(refused).toBeGreaterThanOrEqual(4);
      expect(refused).toBeLessThanOrEqual(6);
      expect(events).toMatchObject([
        { contract: "guarded", reason: expect.stringMatching(SILENT) },
      ]);
    },
    20_000,
  );
});

test("a server that breaks the answer off twice over a connection refuses by that", async () => {
  const reflection = reflecting((stream) => stream.reset(constants.NGHTTP2_INTERNAL_ERROR));
  const { client, events, calls } = await asking(reflection);
  await client.sendSignal(PROCESS, 15);
  expect(calls).toEqual(["get", "signal"]);
  expect(reflection.streams).toBe(2);
  expect(events).toMatchObject([
    { contract: "guarded", reason: expect.stringContaining("it broke the answer off twice") },
  ]);
});

test("a server that refuses each stream of it is told of, and what helps", async () => {
  const reflection = reflecting((stream) => stream.reset(constants.NGHTTP2_REFUSED_STREAM));
  const { client, calls } = await asking(reflection);
  await expect(client.startProcess(PROCESS)).rejects.toMatchObject({
    code: Code.Unavailable,
    message: expect.stringMatching(/REFUSED_STREAM.*which the option contract does without/),
  });
  expect(calls).toEqual([]);
});

describe("nothing is left", () => {
  test("of a question that all calls have left", async () => {
    const reflection = reflecting(() => undefined);
    const { client } = await asking(reflection);
    const leaving = new AbortController();
    const { signal } = leaving;
    const calls = [
      client.getProcess(PROCESS, { signal }),
      client.createProcess(PARENT, { command: "c" }, { signal }),
      client.waitProcess(PROCESS, { signal }),
      client.readOutput(PROCESS, { signal }),
      until(client.streamOutput(PROCESS, { signal }), () => true),
    ];
    await expect.poll(() => reflection.open).toBe(1);
    leaving.abort();
    for (const call of calls) {
      await expect(call).rejects.toBe(signal.reason);
    }
    await expect.poll(() => reflection.open).toBe(0);
  });

  test("of a stream of output that was left before it could be opened", async () => {
    const reflection = reflecting(() => undefined);
    const { client, calls } = await asking(reflection);
    const output = client.streamOutput(PROCESS)[Symbol.asyncIterator]();
    const first = output.next();
    await expect.poll(() => reflection.open).toBe(1);
    await output.return?.();
    await expect(first).resolves.toMatchObject({ done: true });
    await expect.poll(() => reflection.open).toBe(0);
    expect(calls).toEqual([]);
  });

  test("of a question when the client is closed", async () => {
    const reflection = reflecting(() => undefined);
    const { client } = await asking(reflection);
    const call = client.getProcess(PROCESS);
    await expect.poll(() => reflection.open).toBe(1);
    client.close();
    await expect(call).rejects.toThrow("the client was closed");
    await expect.poll(() => reflection.open).toBe(0);
  });

  test("of the clock of a question that was answered", async () => {
    const cleared = vi.spyOn(globalThis, "clearTimeout");
    const started = vi.spyOn(globalThis, "setTimeout");
    const { client } = await asking(reflecting(tells()));
    await client.getProcess(PROCESS);
    const timers = started.mock.results.filter((_, i) => {
      const ms = started.mock.calls[i]?.[1] ?? 0;
      return ms > 4_900 && ms <= 5_000;
    });
    expect(timers.length).toBeGreaterThan(0);
    const stopped = new Set<unknown>(cleared.mock.calls.map(([timer]) => timer));
    expect(timers.every(({ value }) => stopped.has(value))).toBe(true);
    vi.restoreAllMocks();
  });
});
