import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OutputFrame, OutputGapError, type ProcessStream } from "../../src/index.js";
import { Replay } from "../../src/output/replay.js";
import { StreamCounter } from "../../src/output/stream-counter.js";
import { joined } from "../support/output.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a process wrote to each stream. */
interface Truth {
  readonly stdout: Bytes;
  readonly stderr: Bytes;
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array): Bytes => new Uint8Array(array));
const truth: fc.Arbitrary<Truth> = fc.record({ stdout: bytes, stderr: bytes });

/** Cuts both streams into frames and interleaves them, as the seed says. */
function framesOf({ stdout, stderr }: Truth, seed: readonly number[]): OutputFrame[] {
  const left = { stdout, stderr };
  const frames: OutputFrame[] = [];
  for (let step = 0; left.stdout.length + left.stderr.length > 0; step += 1) {
    const random = seed[step % seed.length] ?? 0;
    const key = left.stderr.length === 0 || (random % 2 === 0 && left.stdout.length > 0);
    const from = key ? "stdout" : "stderr";
    const size = 1 + ((random >> 1) % 8);
    const stream: ProcessStream = key ? "OUTPUT_STREAM_STDOUT" : "OUTPUT_STREAM_STDERR";
    frames.push({ stream, data: left[from].slice(0, size) });
    left[from] = left[from].slice(size);
  }
  return frames;
}

const seeds = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 30 });

function positionAfter(frames: readonly OutputFrame[]) {
  const counter = new StreamCounter();
  for (const { stream, data } of frames) {
    counter.add(stream, data);
  }
  return counter.position();
}

function unseenOf(replay: Replay, frames: readonly OutputFrame[]): OutputFrame[] {
  return frames.map((frame) => ({ stream: frame.stream, data: replay.unseen(frame) }));
}

const EVERY_STREAM = ["OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR"] as const;

describe("a replay", () => {
  it("adds exactly what is missing, wherever it was cut and however it is interleaved", () => {
    fc.assert(
      fc.property(truth, seeds, seeds, fc.nat(), (all, firstSeed, secondSeed, at) => {
        const first = framesOf(all, firstSeed);
        const delivered = first.slice(0, at % (first.length + 1));
        const replay = new Replay(name, positionAfter(delivered));
        const rest = unseenOf(replay, framesOf(all, secondSeed));
        const [stdout, stderr] = EVERY_STREAM.map((stream) =>
          joined([...delivered, ...rest], stream),
        );
        expect(stdout).toEqual(Buffer.from(all.stdout));
        expect(stderr).toEqual(Buffer.from(all.stderr));
        expect(replay.shortStream()).toBeUndefined();
      }),
    );
  });

  it("that ends before the known position names the stream and what is missing", () => {
    fc.assert(
      fc.property(truth, seeds, fc.nat(), (all, seed, at) => {
        const frames = framesOf(all, seed);
        fc.pre(frames.length > 0);
        const replay = new Replay(name, positionAfter(frames));
        const replayed = frames.slice(0, at % frames.length);
        expect(joined(unseenOf(replay, replayed))).toHaveLength(0);
        const { stdout, stderr } = positionAfter(replayed);
        const expected =
          stdout.bytes < all.stdout.length
            ? { replayed: stdout.bytes, known: all.stdout.length }
            : { replayed: stderr.bytes, known: all.stderr.length };
        expect(replay.shortStream()).toMatchObject(expected);
      }),
    );
  });

  it("of other bytes than before is an OutputGapError, and none of them is passed on", () => {
    fc.assert(
      fc.property(
        truth,
        seeds,
        seeds,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (all, ...rest) => {
          const [firstSeed, secondSeed, at, flip] = rest;
          const frames = framesOf(all, firstSeed);
          fc.pre(frames.length > 0);
          const changed = { stdout: all.stdout.slice(), stderr: all.stderr.slice() };
          const victim = changed.stdout.length > 0 ? changed.stdout : changed.stderr;
          victim[at % victim.length] = (victim[at % victim.length] ?? 0) ^ flip;
          const replay = new Replay(name, positionAfter(frames));
          const passedOn: OutputFrame[] = [];
          let thrown: unknown;
          try {
            for (const frame of framesOf(changed, secondSeed)) {
              passedOn.push({ stream: frame.stream, data: replay.unseen(frame) });
            }
          } catch (error) {
            thrown = error;
          }
          expect(thrown).toBeInstanceOf(OutputGapError);
          expect(joined(passedOn)).toHaveLength(0);
        },
      ),
    );
  });

  it("of the beginning does not copy what it passes on", () => {
    const data = new Uint8Array([1, 2, 3]);
    const replay = new Replay(name, new StreamCounter().position());
    expect(replay.unseen({ stream: "OUTPUT_STREAM_STDERR", data })).toBe(data);
  });
});
