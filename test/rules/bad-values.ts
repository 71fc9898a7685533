import fc from "fast-check";

/** Anything, and what cannot even be turned into text. */
const anything = fc.oneof(
  fc.anything(),
  fc.constantFrom<unknown>(
    Object.create(null),
    Symbol("s"),
    1n,
    () => "",
    Object.assign(() => "", { toString: undefined }),
  ),
);

/** What is no text at all. */
export const notText = anything.filter((value) => typeof value !== "string");

/** What is no number, and not left out. */
export const notNumber = anything.filter(
  (value) => typeof value !== "number" && value !== undefined,
);

/** What is no duration: not a number, not finite, or negative. */
export const notDuration = fc.oneof(
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -Number.MIN_VALUE,
    -1,
  ),
  fc.double({ max: 0, maxExcluded: true, noNaN: true }).filter((value) => value < 0),
  notNumber,
);

/** What is a duration. */
export const duration = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });

/** What is no whole number, or is less than `least`, or more than can be counted. */
export function notCount(least: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom(0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, least - 1),
    fc.integer({ max: least - 1 }),
    fc.double().filter((value) => !Number.isSafeInteger(value)),
    notNumber,
  );
}
