/** The `code` of an error of Node.js, looked for in the chain of causes too. */
export function nodeErrorCode(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  let current = error;
  // Not instanceof Error: test runners (Jest, vitest's vmThreads) run modules in a context with an
  // Error of its own, which those of Node.js are no instances of.
  while (typeof current === "object" && current !== null && !seen.has(current)) {
    const code: unknown = Reflect.get(current, "code");
    if (typeof code === "string") {
      return code;
    }
    seen.add(current);
    current = Reflect.get(current, "cause");
  }
  return undefined;
}
