/**
 * Refuses what is no object with options or names as its keys: also an array, and a Map, of which
 * nothing would be seen.
 *
 * @throws TypeError that names the option.
 */
export function requireObject(option: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Symbol.iterator in value) {
    throw new TypeError(`${option}: must be an object`);
  }
}
