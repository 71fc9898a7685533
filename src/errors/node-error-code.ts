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

/**
 * What it means that no socket and no file can be opened any more, and what to do; undefined for any
 * other code. Node.js says `connect EMFILE 10.0.0.1:443 - Local (undefined:undefined)`.
 */
export function fileLimitReason(code: string | undefined): string | undefined {
  switch (code) {
    case "EMFILE":
      return "this process has as many files and connections open as its limit allows (EMFILE); raise the limit of open files (ulimit -n), or keep fewer open";
    case "ENFILE":
      return "this machine has as many files and connections open as its limit allows (ENFILE); raise the limit of the system (fs.file-max), or keep fewer open";
    default:
      return undefined;
  }
}

/** Why a file could not be used, for a message that names it. */
export function fileReason(error: unknown): string {
  const code = nodeErrorCode(error);
  return fileLimitReason(code) ?? code ?? "unknown";
}
