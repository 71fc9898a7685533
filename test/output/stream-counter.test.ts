import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutputFrame } from "../../src/index.js";
import { PROCESS_STREAMS } from "../../src/model/output.js";
import { StreamCounter } from "../../src/output/stream-counter.js";

const frames = fc.array(
  fc.record({
    stream: fc.constantFrom(...PROCESS_STREAMS),
    data: fc.uint8Array({ maxLength: 20 }),
  }),
);

function counted(counter: StreamCounter, output: readonly Pick<OutputFrame, "stream" | "data">[]) {
  for (const { stream, data } of output) {
    counter.add(stream, data);
  }
  return counter;
}

describe("StreamCounter", () => {
  it("counts the bytes and the CRC-32 of each stream by itself", () => {
    fc.assert(
      fc.property(frames, (output) => {
        const of = (stream: string) =>
          Buffer.concat(output.filter((frame) => frame.stream === stream).map(({ data }) => data));
        const [stdout, stderr] = [of("OUTPUT_STREAM_STDOUT"), of("OUTPUT_STREAM_STDERR")];
        expect(counted(new StreamCounter(), output).position()).toEqual({
          stdout: { bytes: stdout.length, crc32: crc32(stdout) },
          stderr: { bytes: stderr.length, crc32: crc32(stderr) },
        });
      }),
    );
  });

  it("goes on from a position that was saved as JSON as if it had never stopped", () => {
    fc.assert(
      fc.property(frames, frames, (before, after) => {
        const saved = JSON.stringify(counted(new StreamCounter(), before).position());
        expect(counted(new StreamCounter(JSON.parse(saved)), after).position()).toEqual(
          counted(new StreamCounter(), [...before, ...after]).position(),
        );
      }),
    );
  });

  it("gives positions that do not change with it", () => {
    const counter = new StreamCounter();
    const early = counter.position();
    counter.add("OUTPUT_STREAM_STDOUT", new Uint8Array(3));
    expect(early.stdout.bytes).toBe(0);
  });
});
