/** The `code` of an error of Node.js, looked for in the chain of causes too. */
export function nodeErrorCode(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  let current = error;
  while (current instanceof Error && !seen.has(current)) {
    if ("code" in current && typeof current.code === "string") {
      return current.code;
    }
    seen.add(current);
    current = current.cause;
  }
  return undefined;
}
