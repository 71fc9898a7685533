import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerTimeoutMs } from "../../src/transport/header-timeout.js";

describe("headerTimeoutMs", () => {
  it("gives whole milliseconds of eight digits at most, for any duration", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (milliseconds) => {
        const header = headerTimeoutMs(milliseconds);
        expect(`${header}`).toMatch(/^[1-9]\d{0,7}$/);
        expect(header >= Math.min(milliseconds, 99_999_999)).toBe(true);
      }),
    );
  });

  it("rounds up, and gives 1 for nothing, since 0 means no deadline", () => {
    expect(headerTimeoutMs(1.2)).toBe(2);
    expect(headerTimeoutMs(0)).toBe(1);
    expect(headerTimeoutMs(Number.POSITIVE_INFINITY)).toBe(99_999_999);
  });
});
