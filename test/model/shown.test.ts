import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { CapturedOutput } from "../../src/model/captured-output.js";
import { Chunk } from "../../src/model/output.js";
import { shownBytes } from "../../src/model/shown.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const nothing = new Uint8Array(0);
const captured = (head: Uint8Array<ArrayBuffer>, tail = nothing, total = head.length) =>
  new CapturedOutput(head, tail, total);

describe("captured output that is logged", () => {
  it("is its text, where that is little", () => {
    const output = captured(bytes("naïve\n"));
    expect(`${output}`).toBe("naïve\n");
    expect(JSON.stringify({ output })).toBe('{"output":"naïve\\n"}');
    expect(inspect(output)).toBe("CapturedOutput(7) 'naïve\\n'");
    expect(`${captured(nothing)}`).toBe("");
  });

  it("is the beginning and the end of a long text, with what is left out", () => {
    const output = captured(bytes(`begin${"x".repeat(2 ** 23)}end`));
    for (const shown of [`${output}`, JSON.stringify(output), inspect(output)]) {
      expect(shown).toMatch(/begin.*\[… 8380424 of 8388616 bytes are not shown …\].*end/s);
      expect(shown.length).toBeLessThan(10_000);
    }
    expect(inspect(output)).toContain("CapturedOutput(8388616) ");
  });

  it("tells how much was dropped before", () => {
    const output = captured(bytes("begin"), bytes("end"), 100);
    expect(`${output}`).toBe("begin[… 92 of 100 bytes are not shown …]end");
    expect(`${captured(nothing, nothing, 7)}`).toBe("[… 7 of 7 bytes are not shown …]");
  });

  it("is its first bytes where it is no text", () => {
    const output = captured(new Uint8Array([0, 1, 255]));
    expect(`${output}`).toBe("[3 bytes that are not text: 00 01 ff]");
    expect(inspect(output)).toBe("CapturedOutput(3) [3 bytes that are not text: 00 01 ff]");
    const long = captured(new Uint8Array(2 ** 20).fill(0xff));
    expect(JSON.stringify(long)).toBe(`"[1048576 bytes that are not text: ${"ff ".repeat(16)}…]"`);
  });
});

describe("bytes that are shown", () => {
  it("are text although a character is cut at either end", () => {
    expect(shownBytes(new Uint8Array([0xa9, 0x61, 0xc3]))).toBe("\uFFFDa\uFFFD");
    expect(shownBytes(bytes("é".repeat(10_000)).subarray(1))).toMatch(/^\uFFFDé.*é$/s);
  });

  it("are text with an escape sequence, and no text with a NUL byte or with half a character only", () => {
    expect(shownBytes(bytes("\u001b[31mred"))).toBe("\u001b[31mred");
    expect(shownBytes(bytes("a\0b"))).toBe("[3 bytes that are not text: 61 00 62]");
    expect(shownBytes(new Uint8Array([0x80, 0x80]))).toBe("[2 bytes that are not text: 80 80]");
  });
});

describe("a chunk that is logged", () => {
  it("has its data as text", () => {
    const chunk = new Chunk("OUTPUT_STREAM_STDERR", bytes("oops\n"), 3);
    const shown = { stream: "OUTPUT_STREAM_STDERR", data: "oops\n", offset: 3 };
    expect(`${chunk}`).toBe("oops\n");
    expect(JSON.parse(JSON.stringify(chunk))).toEqual(shown);
    expect(inspect(chunk)).toBe(
      "{\n  stream: 'OUTPUT_STREAM_STDERR',\n  data: Uint8Array(5) 'oops\\n',\n  offset: 3\n}",
    );
  });

  it("is plain data otherwise", () => {
    const chunk = new Chunk("OUTPUT_STREAM_STDOUT", bytes("a"), undefined);
    const plain = { stream: "OUTPUT_STREAM_STDOUT", data: bytes("a"), offset: undefined };
    expect({ ...chunk }).toStrictEqual(plain);
    expect(structuredClone(chunk)).toStrictEqual(plain);
  });
});
