import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { WrittenStream } from "../../../src/stub/engine/runner/runner.js";
import type { Random } from "./random.js";

/** What a simulated process does. */
export interface ProcessScript {
  /** What it writes, and how long after the write before. */
  readonly writes: readonly {
    readonly afterMs: number;
    readonly stream: WrittenStream;
    readonly bytes: number;
  }[];
  /** How it ends, and how long after its last write; or it waits for a signal. */
  readonly end: { readonly afterMs: number; readonly exitCode: number } | "never";
  /** How long its output is still read after its end, when signals do not reach it any more. */
  readonly drainMs: number;
  /** What SIGTERM does: kills it, nothing, or makes it exit later. */
  readonly onTerm: "dies" | "ignores" | { readonly afterMs: number; readonly exitCode: number };
}

/** Draws what a process does. */
export function drawScript(random: Random, { endless }: { endless: boolean }): ProcessScript {
  const writes = Array.from({ length: random.int(0, random.pick([2, 6, 12])) }, () => ({
    afterMs: drawPause(random),
    stream: random.chance(0.6) ? OutputStream.STDOUT : OutputStream.STDERR,
    bytes: drawSize(random),
  })) satisfies ProcessScript["writes"][number][];
  return {
    writes,
    end: endless
      ? "never"
      : { afterMs: drawPause(random), exitCode: random.chance(0.6) ? 0 : random.int(1, 255) },
    drainMs: random.pick([0, 0, random.int(1, 5_000)]),
    onTerm: random.pick<ProcessScript["onTerm"]>([
      "dies",
      "dies",
      "ignores",
      { afterMs: random.int(0, 15_000), exitCode: random.int(0, 3) },
    ]),
  };
}

function drawPause(random: Random): number {
  switch (random.weighted({ none: 3, short: 6, seconds: 4, minutes: 1 })) {
    case "none":
      return 0;
    case "short":
      return random.int(1, 300);
    case "seconds":
      return random.int(300, 20_000);
    case "minutes":
      return random.int(20_000, 400_000);
  }
}

function drawSize(random: Random): number {
  switch (random.weighted({ tiny: 6, small: 6, large: 0.3 })) {
    case "tiny":
      return random.int(1, 8);
    case "small":
      return random.int(1, 400);
    case "large":
      return random.int(30_000, 70_000);
  }
}
