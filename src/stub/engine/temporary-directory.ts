import { mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory in the system's place for temporary files, made when it is needed first. */
export class TemporaryDirectory {
  #path: string | undefined;

  /** The absolute path of a directory with this name inside, which exists. */
  inside(name: string): string {
    this.#path ??= realpathSync(mkdtempSync(join(tmpdir(), "aiem-engines-")));
    const path = join(this.#path, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Removes it with everything inside. */
  async remove(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) await removeDirectory(path);
  }
}

/** Removes a directory, and again where a process that is being killed still writes into it. */
export async function removeDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}
