import type { Random } from "../world/random.js";

/** How slowly output is taken. */
export interface Slowness {
  /** How likely a chunk is followed by a pause. */
  readonly probability: number;
  readonly mostMs: number;
}

/** What the client is asked to do. Times are in milliseconds. */
export type Operation =
  | FollowOperation
  | {
      readonly kind: "run";
      readonly ownId: boolean;
      readonly timeoutMs: number | undefined;
      readonly onTimeout: "leave" | "terminate";
      readonly slowness: Slowness;
    }
  | (Prepared & { readonly kind: "wait"; readonly timeoutMs: number | undefined })
  | (Prepared & {
      readonly kind: "poll";
      readonly timeoutMs: number | undefined;
      readonly intervalMs: number;
    })
  | {
      readonly kind: "create";
      readonly ownId: boolean;
      readonly autoRun: boolean;
      readonly timeoutMs: number | undefined;
    }
  | { readonly kind: "start"; readonly timeoutMs: number | undefined }
  | { readonly kind: "signal"; readonly signal: number; readonly timeoutMs: number | undefined }
  | {
      readonly kind: "terminate";
      readonly graceMs: number;
      readonly timeoutMs: number | undefined;
    };

/** An operation on a process that is there already. */
interface Prepared {
  /** When somebody starts the process. */
  readonly startAfterMs: number;
}

/** Following the output, in one go or in several that each go on where the one before was left. */
export interface FollowOperation extends Prepared {
  readonly kind: "follow";
  readonly skipReplay: boolean;
  readonly verifyEnd: "status" | "replay";
  readonly timeoutMs: number | undefined;
  readonly slowness: Slowness;
  /** After how many chunks each follow but the last is left. */
  readonly leaveAfter: readonly number[];
}

/** Draws what the client is asked to do. */
export function drawOperation(random: Random): Operation {
  const timeoutMs = random.chance(0.15) ? drawTimeout(random) : undefined;
  const startAfterMs = random.pick([0, 0, random.int(1, 5_000)]);
  const kind = random.weighted({
    follow: 40,
    run: 20,
    wait: 10,
    poll: 8,
    create: 10,
    start: 4,
    signal: 4,
    terminate: 10,
  });
  switch (kind) {
    case "follow":
      return drawFollow(random, timeoutMs, startAfterMs);
    case "run":
      return {
        kind,
        ownId: random.chance(0.5),
        timeoutMs,
        onTimeout: random.pick(["leave", "terminate"]),
        slowness: drawSlowness(random),
      };
    case "wait":
      return { kind, timeoutMs, startAfterMs };
    case "poll":
      return { kind, timeoutMs, startAfterMs, intervalMs: random.pick([2_000, 10_000, 30_000]) };
    case "create":
      return { kind, timeoutMs, ownId: random.chance(0.5), autoRun: random.chance(0.6) };
    case "start":
      return { kind, timeoutMs };
    case "signal":
      return { kind, timeoutMs, signal: random.pick([1, 2, 10, 15, 9]) };
    case "terminate":
      return { kind, timeoutMs, graceMs: random.pick([0, 100, 10_000, 60_000]) };
  }
}

function drawFollow(
  random: Random,
  timeoutMs: number | undefined,
  startAfterMs: number,
): FollowOperation {
  const skipReplay = random.chance(0.1);
  return {
    kind: "follow",
    skipReplay,
    verifyEnd: !skipReplay && random.chance(0.2) ? "replay" : "status",
    timeoutMs,
    startAfterMs,
    slowness: drawSlowness(random),
    leaveAfter:
      !skipReplay && random.chance(0.2)
        ? Array.from({ length: random.int(1, 3) }, () => random.int(0, 5))
        : [],
  };
}

function drawSlowness(random: Random): Slowness {
  return random.chance(0.3)
    ? { probability: random.pick([0.2, 0.8]), mostMs: random.pick([50, 2_000, 90_000]) }
    : { probability: 0, mostMs: 0 };
}

function drawTimeout(random: Random): number {
  return random.int(0, random.pick([0, 1_000, 30_000, 300_000]));
}
