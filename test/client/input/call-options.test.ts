import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CALLS } from "./calls.js";
import { refusedField, untyped } from "./refused.js";

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

describe.each(CALLS)("%s", (_title, run) => {
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
