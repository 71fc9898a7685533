import { violationsAfterwards, violationsAtTheEnd } from "./invariants/judge.js";
import type { Run } from "./invariants/run.js";
import type { FateKind } from "./network/fates.js";
import type { Outcome } from "./operations/context.js";
import { perform } from "./operations/perform.js";
import { drawSchedule, type Schedule } from "./schedule.js";
import { Random } from "./world/random.js";
import { VirtualTime } from "./world/virtual-time.js";
import { createWorld, type World } from "./world/world.js";

// Ends a schedule that goes round and round. The longest ones take some thousand.
const MOST_STEPS = 50_000;
// By then, whatever was late has arrived.
const AFTERMATH_MS = 10_000;

/** What a seed came to. */
export interface Report {
  readonly seed: number;
  readonly schedule: Schedule;
  /** What should not have happened. */
  readonly violations: readonly string[];
  /** How the operation ended: its kind, or its error's name. */
  readonly outcome: string;
  /** What became of each call. */
  readonly fates: readonly FateKind[];
  /** How often the server stopped, and whether the user aborted. */
  readonly restarts: number;
  readonly aborted: boolean;
  /** What happened, in order. */
  readonly trace: readonly string[];
}

type Findings = Pick<Report, "violations" | "outcome" | "aborted">;

/** Runs the schedule of a seed, and tells what was wrong. */
export async function simulate(seed: number): Promise<Report> {
  const schedule = drawSchedule(seed);
  const time = new VirtualTime();
  const random = new Random(seed ^ 0xc11e);
  const jitter = random.fork();
  const world = createWorld(schedule, time);
  const user = new AbortController();
  const uninstall = time.install(() => jitter.next());
  let found: Findings;
  try {
    found = await judged(schedule, world, random, user);
  } catch (error) {
    const violation = error instanceof Error ? error.message : String(error);
    found = { violations: [violation], outcome: "none", aborted: false };
  } finally {
    // A schedule that went wrong must not go on during the next one.
    user.abort(new Error("the schedule is over"));
    await time.settle();
    uninstall();
  }
  return {
    seed,
    schedule,
    violations: found.violations,
    outcome: found.outcome,
    fates: world.log.entries.map(({ fate }) => fate.kind),
    restarts: world.network.restarts,
    aborted: found.aborted,
    trace: world.log.lines,
  };
}

async function judged(
  schedule: Schedule,
  world: World,
  random: Random,
  user: AbortController,
): Promise<Findings> {
  const { time, log, network } = world;
  const abortReason = new Error("the user has enough");
  let abortedAt: number | undefined;
  if (schedule.abortAtMs !== undefined) {
    time.schedule(schedule.abortAtMs, () => {
      log.note("the user aborts");
      abortedAt = time.now;
      user.abort(abortReason);
    });
  }
  for (const { atMs, downMs, shape } of schedule.restarts) {
    time.schedule(atMs, () => network.restart(downMs, shape));
  }
  let outcome: Outcome | undefined;
  void perform(schedule, world, user.signal, random).then((reached) => {
    outcome = reached;
  });
  const ended = await drive(world, () => outcome);
  const run: Run = {
    schedule,
    world,
    outcome: ended,
    endedAt: time.now,
    abortedAt,
    abortReason,
    signal: user.signal,
  };
  log.note(`ended: ${shown(ended)}`);
  const violations = violationsAtTheEnd(run);
  const calls = log.entries.length;
  time.schedule(AFTERMATH_MS, () => undefined);
  const over = time.now + AFTERMATH_MS;
  await drive(world, () => time.now >= over || undefined);
  violations.push(...violationsAfterwards(run));
  if (log.entries.length > calls) {
    violations.push("the client goes on after the operation's end");
  }
  return { violations, outcome: nameOf(ended), aborted: abortedAt !== undefined };
}

/** Lets time pass until there is a result. */
async function drive<T>({ time, disk }: World, result: () => T | undefined): Promise<T> {
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    do {
      await time.settle();
    } while (disk.count > 0);
    const reached = result();
    if (reached !== undefined) {
      return reached;
    }
    if (!time.advance()) {
      throw new Error("nothing will ever happen any more");
    }
  }
  throw new Error(`the schedule is not over after ${MOST_STEPS} steps`);
}

function shown(outcome: Outcome): string {
  switch (outcome.kind) {
    case "failed":
      return String(outcome.error);
    case "ran":
      return `${outcome.result.process.state}, exit code ${outcome.result.exitCode}`;
    case "process":
      return `${outcome.process.state}, exit code ${outcome.process.exitCode}`;
    case "followed":
      return "the output's end";
  }
}

function nameOf(outcome: Outcome): string {
  if (outcome.kind !== "failed") {
    return outcome.kind;
  }
  return outcome.error instanceof Error ? outcome.error.name : "an error";
}
