import { vi } from "vitest";

// As many as one run of the tests has.
const MOST_SEEDS = 3_000;

/**
 * A client that is wrong in one place. That place is on the client's edge where it can be, so that
 * the mutant is the same whatever the client is made of inside: what it calls is not done, or what
 * it sends is another thing.
 */
export interface Mutant {
  /** The module that is wrong, seen from this folder. */
  readonly module: string;
  /** Makes the wrong exports from all exports. */
  mutate(original: object): object;
}

/** Describes a mutant. */
export function mutant<M extends object>(
  module: string,
  mutate: (original: M) => Partial<M>,
): Mutant {
  return { module, mutate: (original) => ({ ...original, ...mutate(original as M) }) };
}

/**
 * A seed with which the simulation says this of a mutant: the one that is named if it still does,
 * otherwise the first one that does.
 */
export async function seedThatCatches(
  { module, mutate }: Mutant,
  violation: RegExp,
  named: number,
): Promise<number | undefined> {
  vi.resetModules();
  vi.doMock(module, async (importOriginal) => mutate(await importOriginal<object>()));
  try {
    const { simulate } = await import("../simulate.js");
    for (const seed of [named, ...Array(MOST_SEEDS).keys()]) {
      const { violations } = await simulate(seed);
      if (violations.some((found) => violation.test(found))) {
        return seed;
      }
    }
    return undefined;
  } finally {
    vi.doUnmock(module);
    vi.resetModules();
  }
}
