import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  backoffMs,
  mayHaveHadEffect,
  mayRepeatRead,
  Patience,
  retryPolicy,
} from "../../src/call/patience.js";
import type { Delay, Failure, FailureKind } from "../../src/errors/outcome.js";

function failure(kind: FailureKind, delay?: Delay): Failure {
  return { kind, code: Code.Unavailable, message: "it failed", delay };
}

const lost = failure("lost");

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a policy", () => {
  const defaults = { maxAttempts: 4, maxOutageMs: 120_000, baseDelayMs: 100, maxDelayMs: 5_000 };

  it("has defaults, which options take the place of", () => {
    expect(retryPolicy(undefined)).toEqual(defaults);
    expect(retryPolicy({ maxAttempts: 9, baseDelayMs: undefined })).toEqual({
      ...defaults,
      maxAttempts: 9,
    });
  });

  it("of no retry is one attempt, and no patience with an outage", () => {
    expect(retryPolicy(false)).toMatchObject({ maxAttempts: 1, maxOutageMs: 0 });
  });
});

describe("a pause", () => {
  it("is anything up to a bound that doubles with each failure, up to the longest", () => {
    const policy = retryPolicy({ baseDelayMs: 100, maxDelayMs: 1_000 });
    const longest = [1, 2, 3, 4, 5, 50, 2_000].map((failures) => backoffMs(policy, failures, 1));
    expect(longest).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
    expect(backoffMs(policy, 3, 0)).toBe(0);
    expect(backoffMs(policy, 3, 0.5)).toBe(200);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (failures) => {
        const ms = backoffMs(policy, failures);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThan(1_000);
      }),
    );
  });
});

describe("what may be sent again", () => {
  it.each<[FailureKind, boolean, boolean]>([
    ["refused", true, false],
    ["lost", true, true],
    ["unavailable", true, true],
    ["deadline", true, true],
    ["status", false, false],
    ["local", false, false],
    ["unreadable", false, true],
  ])("after %s: a call without an effect %s; one that may have had one %s", (kind, read, had) => {
    expect(mayRepeatRead(failure(kind))).toBe(read);
    expect(mayHaveHadEffect(failure(kind))).toBe(had);
  });

  it("is a call without an effect after a status with a delay, which passes", () => {
    expect(mayRepeatRead(failure("status", { ms: 5 }))).toBe(true);
    expect(mayRepeatRead(failure("status", "never"))).toBe(false);
    expect(mayRepeatRead(failure("local", { ms: 5 }))).toBe(false);
  });
});

describe("the patience of a short call", () => {
  it("is a number of attempts in a row, which progress renews", () => {
    const patience = new Patience(retryPolicy({ maxAttempts: 3 }), "attempts");
    for (let round = 0; round < 2; round += 1) {
      expect(patience.failures).toBe(0);
      expect(patience.nextDelayMs(lost)).toBeLessThan(100);
      expect(patience.nextDelayMs(lost)).toBeLessThan(200);
      expect(patience.nextDelayMs(lost)).toBeUndefined();
      expect(patience.failures).toBe(3);
      patience.progress();
    }
  });

  it("does what the server asks for, unless that is never, or longer than an outage may be", () => {
    const patience = new Patience(retryPolicy({ maxOutageMs: 10_000 }), "attempts");
    expect(patience.nextDelayMs(failure("unavailable", { ms: 9_000 }))).toBe(9_000);
    expect(patience.nextDelayMs(failure("unavailable", { ms: 10_001 }))).toBeUndefined();
    expect(patience.nextDelayMs(failure("unavailable", "never"))).toBeUndefined();
  });

  it("pauses no shorter than by itself where the server asks for less", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    for (const per of ["attempts", "outage"] as const) {
      const patience = new Patience(retryPolicy({ maxAttempts: 9 }), per);
      const pauses = [0, 0, 60, 500].map((ms) =>
        patience.nextDelayMs(failure("unavailable", { ms })),
      );
      expect(pauses).toEqual([50, 100, 200, 500]);
    }
  });

  it("is none without retries, whatever the server asks for", () => {
    expect(new Patience(retryPolicy(false), "attempts").nextDelayMs(lost)).toBeUndefined();
    const patience = new Patience(retryPolicy(false), "attempts");
    expect(patience.nextDelayMs(failure("unavailable", { ms: 0 }))).toBeUndefined();
  });
});

describe("the patience of a call that lasts", () => {
  const policy = retryPolicy({ maxAttempts: 1, maxOutageMs: 10_000, maxDelayMs: 4_000 });

  it("is a length of time, however many attempts that takes", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const patience = new Patience(policy, "outage");
    let elapsed = 0;
    for (;;) {
      const delayMs = patience.nextDelayMs(lost);
      if (delayMs === undefined) {
        break;
      }
      elapsed += delayMs;
      vi.advanceTimersByTime(delayMs);
    }
    // The last attempt is at the end of the patience.
    expect(elapsed).toBeCloseTo(10_000);
    expect(patience.failures).toBeGreaterThan(5);
  });

  it("begins anew with progress", () => {
    const patience = new Patience(policy, "outage");
    patience.nextDelayMs(lost);
    vi.advanceTimersByTime(10_001);
    expect(patience.nextDelayMs(lost)).toBeUndefined();
    patience.progress();
    expect(patience.nextDelayMs(lost)).toBeDefined();
  });

  it("gives one last attempt, though a timer fires a little early", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.99);
    const patience = new Patience(retryPolicy({ maxOutageMs: 50 }), "outage");
    expect(patience.nextDelayMs(lost)).toBe(50);
    vi.advanceTimersByTime(49);
    expect(patience.nextDelayMs(lost)).toBeUndefined();
  });

  it("does what the server asks for only if that comes before its end", () => {
    const patience = new Patience(policy, "outage");
    expect(patience.nextDelayMs(failure("unavailable", { ms: 6_000 }))).toBe(6_000);
    vi.advanceTimersByTime(6_000);
    expect(patience.nextDelayMs(failure("unavailable", { ms: 5_000 }))).toBeUndefined();
  });

  it("is none without retries", () => {
    expect(new Patience(retryPolicy(false), "outage").nextDelayMs(lost)).toBeUndefined();
  });
});
