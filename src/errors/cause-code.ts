/** The `code` of a Node.js error, looked for along the chain of causes. */
export function causeCode(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  for (
    let current = error;
    current instanceof Error && !seen.has(current);
    current = current.cause
  ) {
    if ("code" in current && typeof current.code === "string") {
      return current.code;
    }
    seen.add(current);
  }
  return undefined;
}
