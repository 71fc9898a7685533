const hooks = new Set<() => void>();

function runAll(): void {
  for (const hook of hooks) {
    try {
      hook();
    } catch {
      // The program ends for another reason, which this must not hide; and others have their turn.
    }
  }
}

/**
 * Calls `hook`, which cannot wait, when the program ends by itself, by process.exit() or by an error
 * that nobody caught. A signal that nobody handles ends it without.
 *
 * @returns a function that takes the hook off. All hooks share one listener of the process.
 */
export function onProgramExit(hook: () => void): () => void {
  if (hooks.size === 0) process.on("exit", runAll);
  hooks.add(hook);
  return () => {
    hooks.delete(hook);
    if (hooks.size === 0) process.off("exit", runAll);
  };
}
