import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProcessClient } from "../../src/index.js";
import { CALLS, ENGINE, first, PROCESS } from "./calls.js";
import { refusal, refusedField, untyped } from "./refused.js";

const runs = { numRuns: 30 };

const notSignal = fc
  .anything()
  .filter((value) => value !== undefined && Object(value)["aborted"] === undefined);

const notHeaders = fc.oneof(
  fc.constantFrom(
    null,
    5,
    "authorization: x",
    { "bad name": "x" },
    { "": "x" },
    { "x-é": "x" },
    { ":path": "/" },
    { "x-a": "line\nfeed" },
    { "x-a": "nul\0" },
    { "x-a": "€" },
    [["x-a"]],
    [["x-a", "1", "2"]],
    new Map([["bad name", "x"]]),
  ),
  fc.tuple(fc.string(), fc.constantFrom(" ", "\n", "(", "é", ":")).map(([name, bad]) => ({
    [`x${name}${bad}x`]: "x",
  })),
);

const notOptions = fc.oneof(
  fc.constantFrom<unknown>(null, [], () => undefined),
  fc.anything().filter((value) => value !== undefined && typeof value !== "object"),
);

const spec = { command: "true" };
const FLAGS: readonly (readonly [
  field: string,
  run: (client: ProcessClient, options: object) => Promise<unknown>,
])[] = [
  ["autoRun", (client, options) => client.createProcess(ENGINE, spec, options)],
  ["check", (client, options) => client.runProcess(ENGINE, spec, options)],
  ["skipReplay", (client, options) => first(client.streamOutput(PROCESS, options))],
  ["skipReplay", (client, options) => first(client.streamLines(PROCESS, options))],
  ["skipReplay", (client, options) => client.pipeOutput(PROCESS, options)],
];

it.each(FLAGS)("%s is refused where it is neither true nor false", async (field, run) => {
  for (const bad of ["yes", "false", "", 1, 0, null, {}]) {
    const error = await refusal((client) => run(client, { [field]: bad }));
    expect(error.field).toBe(field);
    expect(error.rule).toBe("must be true or false");
  }
});

it.each(["pageToken", "filter"])("%s is refused where it is no text", async (field) => {
  for (const bad of [5, null, {}, ["x"], Symbol("s")]) {
    const options = { [field]: untyped(bad) };
    expect(await refusedField((client) => client.listProcesses(ENGINE, options))).toBe(field);
  }
});

it("pipeOutput refuses to be without options, which name the Writables", async () => {
  expect(await refusedField((client) => client.pipeOutput(PROCESS, untyped(undefined)))).toBe(
    "options",
  );
});

describe.each(CALLS)("%s", (_title, run) => {
  it("refuses what is no object in the place of options", async () => {
    await fc.assert(
      fc.asyncProperty(notOptions, async (options) => {
        expect(await refusedField((client) => run(client, untyped(options)))).toBe("options");
      }),
      runs,
    );
  });

  it("refuses what is no AbortSignal", async () => {
    await fc.assert(
      fc.asyncProperty(notSignal, async (signal) => {
        const options = { signal: untyped(signal) };
        expect(await refusedField((client) => run(client, options))).toBe("signal");
      }),
      runs,
    );
  });

  it("refuses headers that HTTP cannot carry", async () => {
    await fc.assert(
      fc.asyncProperty(notHeaders, async (headers) => {
        const options = { headers: untyped(headers) };
        expect(await refusedField((client) => run(client, options))).toBe("headers");
      }),
      runs,
    );
  });

  it("refuses before it looks whether the signal has aborted", async () => {
    const options = { signal: AbortSignal.abort("aborted"), headers: { "bad name": "x" } };
    expect(await refusedField((client) => run(client, options))).toBe("headers");
  });
});
