import { expect, it } from "vitest";
import { parseCount, parseDuration } from "../../src/cli/option-values.js";

it.each([
  ["30", 30_000],
  ["30s", 30_000],
  ["500ms", 500],
  ["1.5s", 1_500],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
  ["0", 0],
])("%s is a duration", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each(["", "s", "-1", "1 s", "1m30s", "1e3", "Infinity", "0x10", "1w", "9".repeat(20)])(
  "%j is none",
  (text) => {
    expect(() => parseDuration(text)).toThrow(
      "It must be a duration such as 30, 30s, 5m or 500ms.",
    );
  },
);

it.each(["0", "-1", "1.5", "", "1e2", "9".repeat(20)])("%j is no count", (text) => {
  expect(() => parseCount(text)).toThrow("It must be a whole number, 1 or more.");
});
