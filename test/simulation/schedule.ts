import { drawFaultMix, type FaultMix } from "./network/fault-mix.js";
import { drawOperation, type Operation } from "./operations/operation.js";
import { drawScript, type ProcessScript } from "./world/process-script.js";
import { Random } from "./world/random.js";

/** All that is decided before a schedule runs; what becomes of each call is drawn on the way. */
export interface Schedule {
  readonly seed: number;
  readonly operation: Operation;
  readonly protocol: "grpc" | "connect";
  readonly script: ProcessScript;
  readonly faults: FaultMix;
  /** When the server goes down, for how long, and how its connections end. */
  readonly restarts: readonly {
    readonly atMs: number;
    readonly downMs: number;
    readonly shape: "fin" | "reset";
  }[];
  /** When the user aborts; undefined for never. */
  readonly abortAtMs: number | undefined;
  /** Whether the client retries at all. */
  readonly retry: boolean;
}

/** The schedule of a seed: always the same. */
export function drawSchedule(seed: number): Schedule {
  const random = new Random(seed);
  const operation = drawOperation(random.fork());
  const abortAtMs = random.chance(0.15) ? drawMoment(random) : undefined;
  const mayBeEndless =
    operation.kind === "terminate" || operation.kind === "signal" || abortAtMs !== undefined;
  return {
    seed,
    operation,
    protocol: random.pick(["grpc", "grpc", "connect"]),
    script: drawScript(random.fork(), { endless: mayBeEndless && random.chance(0.7) }),
    faults: drawFaultMix(random.fork()),
    restarts: Array.from({ length: random.chance(0.2) ? random.int(1, 3) : 0 }, () => ({
      atMs: drawMoment(random),
      downMs: random.int(1, 60_000),
      shape: random.pick(["fin", "reset"]),
    })),
    abortAtMs,
    retry: random.chance(0.95),
  };
}

function drawMoment(random: Random): number {
  return random.int(0, random.pick([100, 1_000, 60_000, 400_000]));
}
