import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A script of steps, each after the first of which waits until the test lets it go on. */
export interface SteppedScript {
  readonly script: string;
  /**
   * Lets it take one more step.
   *
   * @param root the root directory of its engine.
   */
  next(root: string): void;
}

/** What a pause between steps is for, without being too short on a busy machine. */
export function inSteps(first: string, ...others: string[]): SteppedScript {
  const id = randomUUID();
  const gate = (step: number) => `${id}.${step}`;
  let taken = 0;
  const waits = others.map(
    (step, index) => `until [ -e "$HOME/${gate(index)}" ]; do sleep 0.01; done; ${step}`,
  );
  return {
    script: [first, ...waits].join("; "),
    next(root) {
      writeFileSync(join(root, gate(taken)), "");
      taken += 1;
    },
  };
}
