import { describe, expect, it } from "vitest";
import { CALL_FATES, STREAM_FATES } from "./network/fates.js";
import { simulate } from "./simulate.js";

// `npm run simulate` runs more of them.
const BLOCK = 300;
const BLOCKS = Array.from({ length: 10 }, (_, block) => block * BLOCK + 1);

describe("a client in a world of faults", () => {
  it.each(BLOCKS)(
    `keeps every promise, in ${BLOCK} schedules from seed %i on`,
    async (first) => {
      const broken: string[] = [];
      for (let seed = first; seed < first + BLOCK; seed += 1) {
        const { violations } = await simulate(seed);
        if (violations.length > 0) {
          broken.push(`npm run simulate -- --verbose --seed ${seed}: ${violations.join("; ")}`);
        }
      }
      expect(broken).toEqual([]);
    },
    120_000,
  );

  it("goes the same way each time that a seed is run", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const first = await simulate(seed);
      expect((await simulate(seed)).trace).toEqual(first.trace);
    }
  });

  it("meets every kind of fault", async () => {
    const met = new Set<string>();
    for (let seed = 1; seed <= 150; seed += 1) {
      for (const fate of (await simulate(seed)).fates) {
        met.add(fate);
      }
    }
    expect([...met].sort()).toEqual(["none", ...CALL_FATES, ...STREAM_FATES].sort());
  });

  // A change of what the schedules are made of moves these seeds: `npm run simulate` counts the ends.
  it.each([
    [2, "follow", "followed"],
    [11, "follow", "OutputGapError"],
    [735, "follow", "ReplayStalledError"],
    [68, "follow", "ConnectError"],
    [8, "run", "ran"],
    [14, "run", "WaitTimeoutError"],
    [494, "poll", "WaitTimeoutError"],
    [20, "wait", "process"],
    [34, "create", "process"],
    [1, "terminate", "process"],
  ])("with seed %i, sees the end of a %s: %s", async (seed, kind, outcome) => {
    const report = await simulate(seed);
    expect([report.schedule.operation.kind, report.outcome]).toEqual([kind, outcome]);
  });
});
