import { effects } from "./effects.js";
import { unexplained } from "./explained-failure.js";
import { leaks } from "./leaks.js";
import { punctuality } from "./punctuality.js";
import { wrongResult } from "./results.js";
import type { Run } from "./run.js";

/** What must not be when an operation has just ended. */
export function violationsAtTheEnd(run: Run): string[] {
  const { outcome, world } = run;
  return [
    ...(world.delivery.fault === undefined ? [] : [world.delivery.fault]),
    ...(outcome.kind === "failed" ? unexplained(run, outcome.error) : wrongResult(run, outcome)),
    ...punctuality(run),
    ...leaks(run),
  ];
}

/** What must not be when everything that was late has arrived. */
export function violationsAfterwards(run: Run): string[] {
  return effects(run);
}
