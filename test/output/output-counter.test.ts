import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutputCounter } from "../../src/output/replay.js";
import { type OutputPiece, PieceBatch } from "../../src/transport/output-batch.js";
import { joinedPieces } from "../support/batches.js";

const pieces: fc.Arbitrary<OutputPiece[]> = fc.array(
  fc.record({
    stderr: fc.boolean(),
    data: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((data) => new Uint8Array(data)),
  }),
);

function counted(counter: OutputCounter, output: readonly OutputPiece[]) {
  for (const { stderr, data } of output) {
    counter.add(stderr, data);
  }
  return counter;
}

describe("OutputCounter", () => {
  it("counts the bytes and the CRC-32 of each stream by itself", () => {
    fc.assert(
      fc.property(pieces, (output) => {
        const [stdout, stderr] = [joinedPieces(output, false), joinedPieces(output, true)];
        const counter = counted(new OutputCounter(), output);
        expect(counter.position()).toEqual({
          stdout: { bytes: stdout.length, crc32: crc32(stdout) },
          stderr: { bytes: stderr.length, crc32: crc32(stderr) },
        });
        expect(counter.of(false)).toEqual(counter.position().stdout);
        expect(counter.of(true)).toEqual(counter.position().stderr);
      }),
    );
  });

  it.each([
    ["small", 1],
    ["large", 3_000],
  ])("counts a whole batch of %s frames, or some of them, as their bytes one by one", (_, size) => {
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(), (small, a, b) => {
        const output = small.map(({ stderr, data }) => ({
          stderr,
          data: new Uint8Array(data.length * size).map((_, index) => (data[0] ?? 0) + index),
        }));
        const ends = [a, b].map((end) => end % (output.length + 1)).sort((x, y) => x - y);
        for (const [from = 0, to = 0] of [[0, output.length], ends]) {
          const counter = new OutputCounter();
          counter.addFrames(new PieceBatch(output), from, to);
          const one = counted(new OutputCounter(), output.slice(from, to));
          expect(counter.position()).toEqual(one.position());
        }
      }),
      { numRuns: 30 },
    );
  });

  it("goes on from a position that was saved as JSON as if it had never stopped", () => {
    fc.assert(
      fc.property(pieces, pieces, (before, after) => {
        const saved = JSON.stringify(counted(new OutputCounter(), before).position());
        expect(counted(new OutputCounter(JSON.parse(saved)), after).position()).toEqual(
          counted(new OutputCounter(), [...before, ...after]).position(),
        );
      }),
    );
  });

  it("gives positions that do not change with it", () => {
    const counter = new OutputCounter();
    const early = counter.position();
    counter.add(false, new Uint8Array(3));
    expect(early.stdout.bytes).toBe(0);
  });
});
