import { expect, it } from "vitest";
import { ago, printable, span, table } from "../../src/cli/text.js";

it.each([
  [0, "0.0s"],
  [449, "0.4s"],
  [9_940, "9.9s"],
  [12_999, "12s"],
  [59_999, "59s"],
  [60_000, "1m 0s"],
  [3_599_999, "59m 59s"],
  [3_600_000, "1h 0m"],
  [5_430_000, "1h 30m"],
  [86_399_999, "23h 59m"],
  [86_400_000, "1d 0h"],
  [9 * 86_400_000 + 3 * 3_600_000, "9d 3h"],
  [-5, "0.0s"],
])("%d ms are shown as %s", (milliseconds, text) => {
  expect(span(milliseconds)).toBe(text);
});

it.each([
  [999, "just now"],
  [1_000, "1 second ago"],
  [59_999, "59 seconds ago"],
  [60_000, "1 minute ago"],
  [7_199_999, "1 hour ago"],
  [2 * 86_400_000, "2 days ago"],
  // The server's clock may be ahead.
  [-10_000, "just now"],
])("what was %d ms ago was %s", (before, text) => {
  const now = Date.UTC(2026, 0, 1);
  expect(ago(new Date(now - before), now)).toBe(text);
});

it("columns are as wide as their widest cell, whatever its colour, and the last one is not padded", () => {
  const rows = [
    ["A", "B", "C"],
    ["\u001b[32mlong\u001b[39m", "b", "c d"],
  ];
  expect(table(rows, undefined)).toBe("A     B  C\n\u001b[32mlong\u001b[39m  b  c d\n");
});

it("lines are cut at the width of the terminal, and only there", () => {
  expect(table([["a", "0123456789"]], 8)).toBe("a  0123…\n");
  expect(table([["a", "0123456789"]], 13)).toBe("a  0123456789\n");
  expect(table([["a", "0123456789"]], undefined)).toBe("a  0123456789\n");
});

it("text of others is one line that cannot steer a terminal", () => {
  expect(printable("a\u001b[2Jb\nc\u202ed\u0085\u007f")).toBe(
    "a\\u001b[2Jb\\u000ac\\u202ed\\u0085\\u007f",
  );
  expect(printable("ä 日本 🙂")).toBe("ä 日本 🙂");
});
