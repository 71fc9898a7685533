import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "./refusals.js";

const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 };

/** A directory in the system's place for temporary files, made when it is needed first. */
export class TemporaryDirectory {
  #path: string | undefined;

  /** Its absolute path; it is made if it is not there. */
  get path(): string {
    this.#path ??= realpathSync(mkdtempSync(join(tmpdir(), "aiem-engines-")));
    return this.#path;
  }

  /** The absolute path of a directory with this name inside, which exists. */
  inside(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Removes it without waiting: for a program that ends. */
  removeNow(): void {
    const path = this.#path;
    if (path === undefined) {
      return;
    }
    try {
      rmSync(path, REMOVE);
    } catch (error) {
      if (systemErrorCode(error) !== "EACCES") {
        throw error;
      }
      makeWritable(path);
      rmSync(path, REMOVE);
    }
  }

  /** Removes it with everything inside. */
  async remove(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) {
      await removeDirectory(path);
    }
  }
}

/**
 * Removes a directory, and again where a process that is being killed still writes into it. A
 * directory that a process made read-only is made writable first.
 */
export async function removeDirectory(path: string): Promise<void> {
  try {
    await rm(path, REMOVE);
  } catch (error) {
    if (systemErrorCode(error) !== "EACCES") {
      throw error;
    }
    makeWritable(path);
    await rm(path, REMOVE);
  }
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      makeWritable(join(directory, entry.name));
    }
  }
}

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
  if (hooks.size === 0) {
    process.on("exit", runAll);
  }
  hooks.add(hook);
  return () => {
    hooks.delete(hook);
    if (hooks.size === 0) {
      process.off("exit", runAll);
    }
  };
}
