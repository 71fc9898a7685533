/**
 * Makes properties of an error readable by name only. Node shows all others of an error that nobody
 * catches, and loggers do too: a process shows its environment there, and output its megabytes.
 */
export function hideFromInspection<E extends Error>(error: E, ...keys: (keyof E)[]): void {
  for (const key of keys) {
    Object.defineProperty(error, key, { enumerable: false });
  }
}
