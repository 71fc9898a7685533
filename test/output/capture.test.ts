import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrowingBuffer, OutputCapture } from "../../src/output/capture.js";

const chunks = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 });
const limits = fc.integer({ min: 0, max: 50 });

describe("GrowingBuffer", () => {
  it("fills up to its limit, and gives back what does not fit", () => {
    fc.assert(
      fc.property(chunks, limits, (pieces, limit) => {
        const buffer = new GrowingBuffer(limit);
        const rests = pieces.map((piece) => buffer.fill(piece));
        const all = Buffer.concat(pieces);
        expect(Buffer.from(buffer.bytes())).toEqual(all.subarray(0, limit));
        expect(Buffer.concat(rests)).toEqual(all.subarray(Math.min(limit, all.length)));
      }),
    );
  });

  it("rolls over the last bytes of all that it was given", () => {
    fc.assert(
      fc.property(chunks, limits, (pieces, limit) => {
        const buffer = new GrowingBuffer(limit);
        let all = Buffer.alloc(0);
        for (const piece of pieces) {
          buffer.roll(piece);
          all = Buffer.concat([all, piece]);
          expect(Buffer.from(buffer.bytes())).toEqual(
            all.subarray(Math.max(0, all.length - limit)),
          );
        }
      }),
    );
  });

  it("grows beyond its first block, to its limit and no further", () => {
    const buffer = new GrowingBuffer(10_000);
    const piece = new Uint8Array(999).map((_, index) => index);
    let all = Buffer.alloc(0);
    for (let count = 0; count < 11; count += 1) {
      buffer.roll(piece);
      all = Buffer.concat([all, piece]);
    }
    expect(Buffer.from(buffer.bytes())).toEqual(all.subarray(-10_000));
  });

  it("gives copies: of what it was given, and to its reader", () => {
    const buffer = new GrowingBuffer(4);
    const given = new Uint8Array([1, 2]);
    buffer.roll(given);
    given.fill(9);
    buffer.bytes().fill(9);
    expect(buffer.bytes()).toEqual(new Uint8Array([1, 2]));
  });
});

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
