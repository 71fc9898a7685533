import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutputGapError, ReplayStalledError } from "../../src/index.js";
import { OutputCounter, Replay, ReplayWatch } from "../../src/output/replay.js";
import { type OutputPiece, PieceBatch } from "../../src/transport/output-batch.js";
import { joinedPieces, piecesOf } from "../support/batches.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a process wrote to each stream. */
interface Truth {
  readonly stdout: Bytes;
  readonly stderr: Bytes;
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array): Bytes => new Uint8Array(array));
const truth: fc.Arbitrary<Truth> = fc.record({ stdout: bytes, stderr: bytes });

/** Cuts both streams into pieces and interleaves them, as the seed says. */
function framesOf({ stdout, stderr }: Truth, seed: readonly number[]): OutputPiece[] {
  const left = { stdout, stderr };
  const frames: OutputPiece[] = [];
  for (let step = 0; left.stdout.length + left.stderr.length > 0; step += 1) {
    const random = seed[step % seed.length] ?? 0;
    const key = left.stderr.length === 0 || (random % 2 === 0 && left.stdout.length > 0);
    const from = key ? "stdout" : "stderr";
    const size = 1 + ((random >> 1) % 8);
    frames.push({ stderr: !key, data: left[from].slice(0, size) });
    left[from] = left[from].slice(size);
  }
  return frames;
}

const seeds = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 30 });

/** Several pieces at a time, as one read brings them. */
function batchesOf(frames: readonly OutputPiece[], seed: readonly number[]): PieceBatch[] {
  const batches: PieceBatch[] = [];
  for (let at = 0; at < frames.length; ) {
    const count = 1 + ((seed[at % seed.length] ?? 0) % 5);
    batches.push(new PieceBatch(frames.slice(at, at + count)));
    at += count;
  }
  return batches;
}

function positionAfter(frames: readonly OutputPiece[]) {
  const counter = new OutputCounter();
  for (const { stderr, data } of frames) {
    counter.add(stderr, data);
  }
  return counter.position();
}

function unseenOf(replay: Replay, batches: readonly PieceBatch[]): OutputPiece[] {
  return batches.flatMap((batch) => {
    const unseen = replay.unseen(batch);
    return unseen ? piecesOf(unseen) : [];
  });
}

describe("a replay", () => {
  it("adds exactly what is missing, wherever it was cut and however it is interleaved", () => {
    fc.assert(
      fc.property(truth, seeds, seeds, fc.nat(), (all, firstSeed, secondSeed, at) => {
        const first = framesOf(all, firstSeed);
        const delivered = first.slice(0, at % (first.length + 1));
        const replay = new Replay(name, positionAfter(delivered));
        const rest = unseenOf(replay, batchesOf(framesOf(all, secondSeed), firstSeed));
        expect(rest.every(({ data }) => data.length > 0)).toBe(true);
        const [stdout, stderr] = [false, true].map((stderr) =>
          joinedPieces([...delivered, ...rest], stderr),
        );
        expect(stdout).toEqual(Buffer.from(all.stdout));
        expect(stderr).toEqual(Buffer.from(all.stderr));
        expect(replay.shortStream()).toBeUndefined();
        expect(replay.isOver).toBe(true);
        expect(replay.droppedBytes).toBe(joinedPieces(delivered).length);
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
        expect(unseenOf(replay, batchesOf(replayed, seed))).toEqual([]);
        expect(replay.began).toBe(replayed.length > 0);
        const { stdout, stderr } = positionAfter(replayed);
        const expected =
          stdout.bytes < all.stdout.length
            ? { replayed: stdout.bytes, known: all.stdout.length }
            : { replayed: stderr.bytes, known: all.stderr.length };
        expect(replay.shortStream()).toMatchObject(expected);
        expect(replay.replayed()).toEqual({ stdout, stderr });
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
          const passedOn: OutputPiece[] = [];
          let thrown: unknown;
          try {
            for (const batch of batchesOf(framesOf(changed, secondSeed), firstSeed)) {
              passedOn.push(...unseenOf(replay, [batch]));
            }
          } catch (error) {
            thrown = error;
          }
          expect(thrown).toBeInstanceOf(OutputGapError);
          expect(passedOn).toEqual([]);
        },
      ),
    );
  });

  it("of the beginning does not copy what it passes on", () => {
    const batch = new PieceBatch([{ stderr: true, data: new Uint8Array([1, 2, 3]) }]);
    const replay = new Replay(name, new OutputCounter().position());
    expect(replay.unseen(batch)).toBe(batch);
  });

  it("that reaches the known position in the middle of a frame passes on views of the rest", () => {
    const data = new Uint8Array([1, 2, 3]);
    const replay = new Replay(name, positionAfter([{ stderr: false, data: data.slice(0, 1) }]));
    const rest = replay.unseen(new PieceBatch([{ stderr: false, data }]))?.data(0);
    expect(rest).toEqual(new Uint8Array([2, 3]));
    expect(rest?.buffer).toBe(data.buffer);
  });
});

describe("a watch over replays", () => {
  const data = new Uint8Array([1, 2, 3, 4]);
  const known = positionAfter([{ stderr: false, data }]);

  function replayOf(bytes: number): Replay {
    const replay = new Replay(name, known);
    if (bytes > 0) {
      replay.unseen(new PieceBatch([{ stderr: false, data: data.slice(0, bytes) }]));
    }
    return replay;
  }

  it("gives up at the third one in a row that breaks before the known position", () => {
    const watch = new ReplayWatch(name);
    const cause = new Error("broken");
    watch.broken(replayOf(1), cause);
    watch.broken(replayOf(2), cause);
    expect(() => watch.broken(replayOf(3), cause)).toThrow(ReplayStalledError);
  });

  it("does not count those that brought nothing, or got there, or that new bytes followed", () => {
    const watch = new ReplayWatch(name);
    const cause = new Error("broken");
    for (let times = 0; times < 5; times += 1) {
      watch.broken(undefined, cause);
      watch.broken(replayOf(0), cause);
      watch.broken(replayOf(4), cause);
    }
    for (let times = 0; times < 5; times += 1) {
      watch.broken(replayOf(1), cause);
      watch.progress();
    }
  });

  it("takes a second clean end at the same byte for a gap, and one at another for progress", () => {
    const watch = new ReplayWatch(name);
    watch.endedShort(replayOf(1));
    watch.endedShort(replayOf(2));
    watch.progress();
    watch.endedShort(replayOf(2));
    expect(() => watch.endedShort(replayOf(2))).toThrow(OutputGapError);
  });
});
