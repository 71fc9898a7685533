import { Code } from "@connectrpc/connect";
import type { Random } from "../world/random.js";
import { BREAK_SHAPES, REFUSAL_SHAPES } from "./break-shapes.js";
import {
  CALL_FATES,
  type Fate,
  type FateKind,
  type ProxyAnswer,
  STREAM_FATES,
  type Status,
} from "./fates.js";

/** Which faults a schedule has, and how many. */
export interface FaultMix {
  /** The kinds that occur: few in each schedule, so that each combination has its turn. */
  readonly kinds: readonly FateKind[];
  /** The only method that is hit; undefined for all. */
  readonly method: string | undefined;
  /** How likely a call is hit. */
  readonly probability: number;
  /** How many calls are hit at most. */
  readonly most: number;
  /** Within how many bytes a stream is cut; small ones keep it from ever getting further. */
  readonly cutWithin: number;
  /** Whether there are answers that no other attempt would change. */
  readonly fatal: boolean;
}

const METHODS = ["GetProcess", "WaitProcess", "StreamOutput"] as const;
// The effect of these comes after the error.
const COMES_LATE = new Set(["CreateProcess", "StartProcess", "SendSignal"]);

/** Draws the faults of a schedule. */
export function drawFaultMix(random: Random): FaultMix {
  return {
    kinds: random.chance(0.15) ? ["cut"] : drawKinds(random),
    method: random.chance(0.2) ? random.pick(METHODS) : undefined,
    probability: random.pick([0.1, 0.3, 0.6, 0.8, 1]),
    most: random.pick([1, 2, 3, 6, 20, Number.POSITIVE_INFINITY]),
    cutWithin: random.pick([12, 60, 200, 600, 40_000]),
    fatal: random.chance(0.1),
  };
}

function drawKinds(random: Random): FateKind[] {
  const density = random.pick([0, 0.1, 0.3, 0.6]);
  const streamDensity = random.pick([0, 0.3, 0.6]);
  return [
    ...CALL_FATES.filter(() => random.chance(density)),
    ...STREAM_FATES.filter(() => random.chance(streamDensity)),
  ];
}

/** Draws what happens to a call. */
export function drawFate(random: Random, mix: FaultMix, method: string): Fate {
  const isStream = method === "StreamOutput";
  const kinds = mix.kinds.filter(
    (kind) => isStream || !STREAM_FATES.some((streamKind) => streamKind === kind),
  );
  const [first, ...others] = kinds;
  const isSpared = mix.method !== undefined && mix.method !== method;
  if (first === undefined || isSpared || !random.chance(mix.probability)) {
    return { kind: "none" };
  }
  const kind =
    kinds.includes("cut") && random.chance(0.4) ? "cut" : random.pick([first, ...others]);
  return fateOf(random, mix, kind === "late" && !COMES_LATE.has(method) ? "lost before" : kind);
}

function fateOf(random: Random, { fatal, cutWithin }: FaultMix, kind: FateKind): Fate {
  switch (kind) {
    case "none":
    case "stalled before":
    case "stalled after":
    case "no end":
    case "lost past":
    case "changed past":
      return { kind };
    case "refused":
      return { kind, shape: random.pick(REFUSAL_SHAPES) };
    case "lost before":
    case "lost after":
      return { kind, shape: random.pick(BREAK_SHAPES) };
    case "late":
      return { kind, shape: random.pick(BREAK_SHAPES), afterMs: random.int(1, 5_000) };
    case "proxy before":
    case "proxy after":
      return { kind, answer: drawProxyAnswer(random, fatal) };
    case "status before":
    case "status after":
      return { kind, status: drawStatus(random, fatal) };
    case "status midway":
      return { kind, afterChunks: random.int(0, 6), status: drawStatus(random, fatal) };
    case "slow":
      return { kind, delayMs: random.int(100, 45_000) };
    case "cut":
      return { kind, afterBytes: random.int(0, cutWithin), shape: random.pick(BREAK_SHAPES) };
    case "idle cut":
      return {
        kind,
        idleMs: random.pick([15_000, 60_000, 300_000]),
        shape: random.pick(BREAK_SHAPES),
      };
    case "stalled midway":
      return { kind, afterBytes: random.int(0, cutWithin) };
    case "early end":
      return { kind, afterChunks: random.int(0, 6) };
  }
}

function drawProxyAnswer(random: Random, fatal: boolean): ProxyAnswer {
  if (fatal && random.chance(0.3)) {
    return { status: random.pick([403, 404, 500]) };
  }
  const status = random.pick([429, 502, 503, 504]);
  return random.chance(0.2) ? { status, retryAfter: `${random.int(0, 20)}` } : { status };
}

function drawStatus(random: Random, fatal: boolean): Status {
  if (fatal && random.chance(0.3)) {
    return random.pick<Status>([
      { code: Code.Internal },
      { code: Code.PermissionDenied },
      { code: Code.ResourceExhausted },
      { code: Code.Unavailable, pushback: "-1" },
    ]);
  }
  return random.pick<Status>([
    { code: Code.Unavailable },
    { code: Code.Unavailable, pushback: `${random.int(0, 3_000)}` },
    { code: Code.ResourceExhausted, pushback: `${random.int(0, 3_000)}` },
    { code: Code.DeadlineExceeded },
    { code: Code.Canceled },
  ]);
}
