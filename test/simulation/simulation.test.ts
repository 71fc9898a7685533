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

  it("meets every kind of fault, and ends in every way", async () => {
    const fates = new Set<string>();
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 1_500; seed += 1) {
      const report = await simulate(seed);
      outcomes.add(`${report.schedule.operation.kind}: ${report.outcome}`);
      for (const fate of report.fates) {
        fates.add(fate);
      }
    }
    expect([...fates].sort()).toEqual(["none", ...CALL_FATES, ...STREAM_FATES].sort());
    expect([...outcomes]).toEqual(expect.arrayContaining(OUTCOMES));
  });
});

const OUTCOMES = [
  "follow: followed",
  "follow: OutputGapError",
  "follow: ReplayStalledError",
  "follow: ConnectError",
  "follow: Error",
  "run: ran",
  "run: WaitTimeoutError",
  "wait: process",
  "poll: process",
  "create: process",
  "terminate: process",
];
