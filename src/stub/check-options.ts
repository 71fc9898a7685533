/** Refuses a value that cannot be used by a TypeError with the name; undefined where all may be. */
export type Rule = (name: string, value: unknown) => void;

/** All names that an options object may have, each with the rule for its value. */
export type Rules<T extends object> = { readonly [K in keyof Required<T>]: Rule };

/**
 * Refuses what is no object, a name that is not in the table, and a value that breaks its rule.
 * Undefined is an option that was left out, under any name.
 *
 * @param owner whose options they are, such as `startStubServer`.
 * @param path the option that holds them, such as `tls`; empty where they are the options themselves.
 * @throws TypeError that names the option. Values are not shown: they may be secret.
 */
export function checkOptions<T extends object>(
  owner: string,
  value: unknown,
  rules: Rules<T>,
  path = "",
): asserts value is T {
  requireObject(path === "" ? "options" : path, value);
  const prefix = path === "" ? "" : `${path}.`;
  refuseUnknownNames(owner, value, Object.keys(rules), prefix);
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    rule(prefix + name, Reflect.get(value, name));
  }
}

/**
 * Refuses a name that is not among these, unless it stands for undefined.
 *
 * @throws TypeError that says which name was probably meant.
 */
export function refuseUnknownNames(
  owner: string,
  value: object,
  known: readonly string[],
  prefix = "",
): void {
  for (const [name, given] of Object.entries(value)) {
    if (given !== undefined && !known.includes(name)) {
      throw new TypeError(`${owner}: ${prefix}${name} is not known; ${hintAt(name, known)}`);
    }
  }
}

/**
 * Refuses what is no object with options or names as its keys: also an array, and a Map, of which
 * nothing would be seen.
 *
 * @throws TypeError that names the option.
 */
export function requireObject(option: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null || Symbol.iterator in value) {
    throw new TypeError(`${option}: must be an object`);
  }
}

/** The same rule, for an option that may be left out. */
export function optional(rule: Rule): Rule {
  return (name, value) => {
    if (value !== undefined) {
      rule(name, value);
    }
  };
}

/** A whole number in these bounds. */
export function wholeNumber(least: number, most: number): Rule {
  return (name, value) => {
    if (
      !(typeof value === "number" && Number.isInteger(value) && value >= least && value <= most)
    ) {
      throw new TypeError(`${name}: must be a whole number from ${least} to ${most}`);
    }
  };
}

/** A text, which is not shown. */
export function requireText(name: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new TypeError(`${name}: must be a string`);
  }
}

function hintAt(name: string, known: readonly string[]): string {
  const ranked = known
    .map((each) => ({ each, distance: editDistance(name.toLowerCase(), each.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  const [nearest] = ranked;
  // A third of the letters, and one of a short name: else it is another word.
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(name.length / 3))
    ? `did you mean ${nearest.each}?`
    : `known are: ${known.join(", ")}`;
}

/** How many letters have to be inserted, removed, replaced or swapped with the next one. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const distances = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const at = (up: number, left: number) => rows[row - up]?.[column - left] ?? 0;
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      distances.push(
        Math.min(
          at(1, 1) + (isSame ? 0 : 1),
          at(1, 0) + 1,
          (distances[column - 1] ?? 0) + 1,
          row > 1 && column > 1 && isSwap ? at(2, 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(distances);
  }
  return rows[from.length]?.[to.length] ?? 0;
}
