import { describe, expect, it } from "vitest";
import { CapturedOutput } from "../../src/model/captured-output.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("captured output of which nothing was dropped", () => {
  const output = new CapturedOutput(bytes("naïve\n"), bytes(""), 7);

  it("gives all bytes, and decodes them as UTF-8", () => {
    expect(output.droppedBytes).toBe(0);
    expect(output.bytes()).toEqual(bytes("naïve\n"));
    expect(output.text()).toBe("naïve\n");
  });

  it("gives the same when dropped bytes are allowed", () => {
    expect(output.bytes({ allowDropped: true })).toEqual(bytes("naïve\n"));
    expect(output.text({ allowDropped: true })).toBe("naïve\n");
  });

  it("gives a copy, which its reader may change", () => {
    output.bytes().fill(0);
    expect(output.text()).toBe("naïve\n");
  });

  it("keeps a byte order mark, and shows bytes that are not UTF-8 as U+FFFD", () => {
    const odd = new CapturedOutput(new Uint8Array([0xef, 0xbb, 0xbf, 0xff]), bytes(""), 4);
    expect(odd.text()).toBe("\uFEFF\uFFFD");
  });

  it("joins head and tail where the two together are everything", () => {
    const halves = new CapturedOutput(new Uint8Array([0xc3]), new Uint8Array([0xa9]), 2);
    expect(halves.text()).toBe("é");
  });
});

describe("captured output of which bytes were dropped", () => {
  const output = new CapturedOutput(bytes("begin"), bytes("end"), 100);

  it("tells how many", () => {
    expect(output.droppedBytes).toBe(92);
  });

  it("refuses to pass for the whole, and tells what to do", () => {
    const refusal = /^92 of 100 bytes of this output were not kept: raise maxOutputBytes/;
    expect(() => output.bytes()).toThrow(RangeError);
    expect(() => output.bytes()).toThrow(refusal);
    expect(() => output.text()).toThrow(refusal);
    expect(() => output.text({ allowDropped: false })).toThrow(refusal);
  });

  it("gives what there is where that is asked for, with a mark in the text", () => {
    expect(output.bytes({ allowDropped: true })).toEqual(bytes("beginend"));
    expect(output.text({ allowDropped: true })).toBe("begin\uFFFDend");
  });

  it("decodes head and tail apart, so that two halves of characters do not make a third", () => {
    const cut = new CapturedOutput(new Uint8Array([0x61, 0xc3]), new Uint8Array([0xa9, 0x62]), 9);
    expect(cut.text({ allowDropped: true })).toBe("a\uFFFD\uFFFD\uFFFDb");
  });
});
