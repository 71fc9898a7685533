import { describe, expect, it } from "vitest";
import { createsAgainUnderANewId, looksForNoEffect, sendsSignalsAgain } from "./effect-mutants.js";
import { seedThatCatches } from "./mutant.js";
import {
  believesEveryEnd,
  comparesNoReplay,
  handsReplayedBytesOver,
  leavesSilentStreamsOpen,
  leavesStreamsOpen,
} from "./output-mutants.js";
import { hasOneBudgetForLife, keepsListeners, keepsTimers } from "./patience-mutants.js";

// A change of what the schedules are made of moves the seeds: then they are to be named anew.
const MUTANTS = [
  {
    title: "hands replayed bytes over again",
    mutant: handsReplayedBytesOver,
    violation: /^bytes \d+ to \d+ of STD... are wrong$/,
    seed: 2,
  },
  {
    title: "does not compare what is replayed",
    mutant: comparesNoReplay,
    violation: /are wrong$|at a clean end$/,
    seed: 486,
  },
  {
    title: "takes the end of a stream for that of its process",
    mutant: believesEveryEnd,
    violation: /^the process is not final$/,
    seed: 638,
  },
  {
    title: "does not cancel the stream of a loop that is left",
    mutant: leavesStreamsOpen,
    violation: /^calls of the transport left open: 1$/,
    seed: 162,
  },
  {
    title: "does not cancel a silent stream when it opens another one",
    mutant: leavesSilentStreamsOpen,
    violation: /^streams at once: 2$/,
    seed: 18,
  },
  {
    title: "creates again under a new id after a lost response",
    mutant: createsAgainUnderANewId,
    violation: /^processes: [2-4],/,
    seed: 29,
  },
  {
    title: "sends again without a look at what became of it",
    mutant: looksForNoEffect,
    violation: /already_exists|was started before/,
    seed: 109,
  },
  {
    title: "sends a signal again that may have arrived",
    mutant: sendsSignalsAgain,
    violation: /^(signals|SIGTERMs|SIGKILLs): 2,/,
    seed: 732,
  },
  {
    title: "has one patience for the whole life of a follow",
    mutant: hasOneBudgetForLife,
    violation: /^gave up too early/,
    seed: 54,
  },
  {
    title: "leaves a listener on the user's signal",
    mutant: keepsListeners,
    violation: /^listeners on the user's signal/,
    seed: 1,
  },
  {
    title: "leaves its timers running",
    mutant: keepsTimers,
    violation: /^timers of the client/,
    seed: 1,
  },
];

describe("the simulation catches a client that", () => {
  for (const { title, mutant, violation, seed } of MUTANTS) {
    it(`${title}, with seed ${seed}`, async () => {
      expect(await seedThatCatches(mutant, violation, seed)).toBe(seed);
    }, 120_000);
  }
});
