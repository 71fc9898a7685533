import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutputCapture } from "../../src/output/capture.js";

const chunks = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 });

function capture(pieces: readonly Uint8Array[], maxBytes: number) {
  const output = new OutputCapture(maxBytes);
  for (const piece of pieces) {
    output.add(piece);
  }
  return output.captured();
}

describe("OutputCapture", () => {
  it("keeps everything, or the first and the last half of its limit", () => {
    fc.assert(
      fc.property(chunks, fc.integer({ min: 0, max: 200 }), (pieces, maxBytes) => {
        const all = Buffer.concat(pieces);
        const output = capture(pieces, maxBytes);
        expect(output.totalBytes).toBe(all.length);
        if (all.length <= maxBytes) {
          expect(output.droppedBytes).toBe(0);
          expect(Buffer.from(output.bytes())).toEqual(all);
          expect(output.tail).toEqual(new Uint8Array(0));
          return;
        }
        const head = Math.ceil(maxBytes / 2);
        const tail = maxBytes - head;
        expect(Buffer.from(output.head)).toEqual(all.subarray(0, head));
        expect(Buffer.from(output.tail)).toEqual(all.subarray(all.length - tail));
        expect(output.droppedBytes).toBe(all.length - maxBytes);
      }),
    );
  });

  it("keeps nothing with a limit of 0, and counts all the same", () => {
    const output = capture([new Uint8Array(5)], 0);
    expect(output).toMatchObject({ totalBytes: 5, droppedBytes: 5 });
    expect(output.bytes({ allowDropped: true })).toEqual(new Uint8Array(0));
  });

  it("gives what there is so far, which later bytes do not change", () => {
    const output = new OutputCapture(4);
    output.add(new Uint8Array([1, 2]));
    const early = output.captured();
    output.add(new Uint8Array([3, 4, 5, 6]));
    expect(early.bytes()).toEqual(new Uint8Array([1, 2]));
    expect(output.captured().bytes({ allowDropped: true })).toEqual(new Uint8Array([1, 2, 5, 6]));
  });

  it("takes memory for what there is, not for what there could be", () => {
    const output = new OutputCapture(Number.MAX_SAFE_INTEGER);
    output.add(new Uint8Array([1]));
    expect(output.captured().bytes()).toEqual(new Uint8Array([1]));
  });
});
