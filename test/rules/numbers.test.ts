import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signalNumber } from "../../src/model/signals.js";
import { notCount, notDuration } from "./bad-values.js";
import { ENGINE, ENGINE_CALLS, first, PROCESS, TIMED_PROCESS_CALLS } from "./calls.js";
import { type Refusable, refusal, refusedField, untyped } from "./refused.js";

const runs = { numRuns: 50 };

async function expectEveryRefused(
  field: string,
  values: fc.Arbitrary<unknown>,
  call: (value: never) => Refusable,
) {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      expect(await refusedField(call(untyped(value)))).toBe(field);
    }),
    runs,
  );
}

describe("a clock that cannot run is refused", () => {
  it.each([
    ...ENGINE_CALLS.map(({ title, run }) => ({ title, run, resource: ENGINE })),
    ...TIMED_PROCESS_CALLS.map(({ title, run }) => ({ title, run, resource: PROCESS })),
  ])("by $title", async ({ run, resource }) => {
    await expectEveryRefused(
      "timeoutMs",
      notDuration,
      (timeoutMs) => (client) => run(client, resource, { timeoutMs }),
    );
  });

  it("by waitProcessByPolling, in seconds, where null means for ever", async () => {
    await expectEveryRefused(
      "timeoutSeconds",
      notDuration.filter((value) => value !== null),
      (timeoutSeconds) => (c) => c.waitProcessByPolling(PROCESS, { timeoutSeconds }),
    );
    await expectEveryRefused(
      "pollIntervalSeconds",
      notDuration,
      (pollIntervalSeconds) => (c) => c.waitProcessByPolling(PROCESS, { pollIntervalSeconds }),
    );
  });

  it("by terminateProcess, as the grace", async () => {
    await expectEveryRefused(
      "graceMs",
      notDuration,
      (graceMs) => (c) => c.terminateProcess(PROCESS, { graceMs }),
    );
  });

  it("with the value", async () => {
    const error = await refusal((client) => client.getProcess(PROCESS, { timeoutMs: -1 }));
    expect(error.message).toBe("timeoutMs must be a finite number, 0 or more, but is -1");
  });
});

describe("a count that is none is refused", () => {
  it("by listProcesses and listAllProcesses, as the page size", async () => {
    const notPageSize = fc.oneof(notCount(0), fc.constantFrom(2 ** 31, 2 ** 32));
    await expectEveryRefused(
      "pageSize",
      notPageSize,
      (pageSize) => (c) => c.listProcesses(ENGINE, { pageSize }),
    );
    await expectEveryRefused(
      "pageSize",
      notPageSize,
      (pageSize) => (c) => first(c.listAllProcesses(ENGINE, { pageSize })),
    );
  });

  it("by runProcess, as the bytes of output to keep", async () => {
    await expectEveryRefused(
      "maxOutputBytes",
      notCount(0),
      (maxOutputBytes) => (c) => c.runProcess(ENGINE, { command: "true" }, { maxOutputBytes }),
    );
  });

  it("by streamLines, as the bytes of the longest line", async () => {
    await expectEveryRefused(
      "maxLineBytes",
      notCount(1),
      (maxLineBytes) => (c) => first(c.streamLines(PROCESS, { maxLineBytes })),
    );
  });
});

describe("a signal that is none is refused", () => {
  it("by sendSignal, with the value", async () => {
    const known = (value: unknown) =>
      (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 64) ||
      (typeof value === "string" && signalNumber(value) !== undefined);
    await expectEveryRefused(
      "signal",
      fc
        .oneof(
          fc.anything(),
          fc.integer(),
          fc.constantFrom(0, -15, 65, 15.5, "15", "TERMINATE", "term"),
        )
        .filter((value) => !known(value)),
      (signal) => (c) => c.sendSignal(PROCESS, signal),
    );
    const error = await refusal((client) => client.sendSignal(PROCESS, untyped("term")));
    expect(error.message).toContain('such as SIGTERM or TERM, but is "term"');
  });
});
