import { describe, expect, it } from "vitest";
import { LineSearch } from "../../src/cli/line-search.js";

/** How many bytes of a text, which comes in pieces of so many bytes, end the line that matches. */
function endOf(
  expression: RegExp,
  text: string,
  pieceBytes: number,
): number | "at the end" | undefined {
  const search = new LineSearch(expression);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const end = search.push(bytes.subarray(at, at + pieceBytes));
    if (end !== undefined) {
      return at + end;
    }
  }
  return search.end() ? "at the end" : undefined;
}

describe.each([1, 2, 3, 5, 1_000])("in pieces of %d bytes", (pieceBytes) => {
  it.each([
    [/^two$/, "one\ntwo\nthree\n", 8],
    [/^two$/, "one\r\ntwo\r\nthree\r\n", 10],
    [/^$/, "one\n\n", 5],
    [/ä日$/, "ä日\n", 6],
    [/^three$/, "one\nthree", "at the end"],
    [/one.two/s, "one\ntwo\n", undefined],
    [/^none$/, "", undefined],
    [/^$/, "", undefined],
    [/^$/, "one\n", undefined],
    [/^$/, "one\n\r", "at the end"],
  ])("%s is found where its line ends: %j", (expression, text, end) => {
    expect(endOf(expression, text, pieceBytes)).toBe(end);
  });
});

it("a line of more than 1 MiB is looked at in pieces, so that memory is bounded", () => {
  const search = new LineSearch(/needle/);
  const piece = Buffer.alloc(64 * 1024, "x");
  for (let i = 0; i < 20; i += 1) {
    expect(search.push(piece)).toBeUndefined();
  }
  expect(search.push(Buffer.from("needle\n"))).toBe(7);
});
