import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrowingBuffer } from "../../src/output/capture.js";

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
