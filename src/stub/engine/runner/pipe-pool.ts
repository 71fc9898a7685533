import { randomUUID } from "node:crypto";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../refusals.js";
import { makeFifos } from "./child-processes.js";

/** Node cannot make a FIFO, and a `mkfifo` for each process would double the cost of a start. */
const BATCH = 32;

/** Both ends of a pipe, as file descriptors of this program. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
  /**
   * Call it once, when both ends are closed.
   * @param wasRead whether it was read to its end.
   */
  release(wasRead: boolean): void;
}

/**
 * Pipes that a program can open by name: `echo x > /dev/stderr` fails with ENXIO on the socket pair
 * that Node makes for `"pipe"`.
 *
 * A FIFO is used again after it was read to its end. To make and to unlink two for each process cost
 * more than its fork: ext4 avoids inodes that were deleted in the last seconds, and looks at all of
 * them for each new one (a third of all CPU at 300 processes a second, measured).
 */
export class PipePool {
  readonly #directory: () => string;
  readonly #free: string[] = [];
  #making: Promise<void> | undefined;

  /** @param directory where to make FIFOs; asked for when the first is needed. */
  constructor(directory: () => string) {
    this.#directory = directory;
  }

  /** Two pipes, or none where that fails. */
  async openTwo(): Promise<readonly [Pipe, Pipe]> {
    const first = await this.#open();
    try {
      return [first, await this.#open()];
    } catch (error) {
      closeSync(first.readEnd);
      closeSync(first.writeEnd);
      first.release(false);
      throw error;
    }
  }

  /** Resolves when no `mkfifo` is running any more. The files go with their directory. */
  async close(): Promise<void> {
    await this.#making?.catch(() => {});
  }

  async #open(): Promise<Pipe> {
    for (;;) {
      const path = await this.#take();
      const ends = openFree(path);
      if (ends === undefined) {
        remove(path);
        continue;
      }
      const release = (wasRead: boolean) => {
        if (wasRead) {
          this.#free.push(path);
        } else {
          remove(path);
        }
      };
      return { ...ends, release };
    }
  }

  async #take(): Promise<string> {
    for (;;) {
      const path = this.#free.pop();
      if (path !== undefined) {
        return path;
      }
      this.#making ??= this.#make();
      await this.#making;
    }
  }

  async #make(): Promise<void> {
    try {
      const directory = this.#directory();
      const paths = Array.from({ length: BATCH }, () => join(directory, `${randomUUID()}.fifo`));
      await makeFifos(paths);
      this.#free.push(...paths);
    } finally {
      this.#making = undefined;
    }
  }
}

/**
 * Both ends of a FIFO; undefined where it cannot be used again, because a descendant of its last
 * process has it open for reading still, because a process took our rights to it, or because somebody
 * cleaned the directory up.
 */
function openFree(fifo: string): { readEnd: number; writeEnd: number } | undefined {
  let readEnd: number | undefined;
  try {
    if (hasReader(fifo)) {
      return undefined;
    }
    // Without O_NONBLOCK each end would wait for the other one.
    readEnd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    return { readEnd, writeEnd: openSync(fifo, constants.O_WRONLY) };
  } catch (error) {
    if (readEnd !== undefined) {
      closeSync(readEnd);
    }
    const code = systemErrorCode(error);
    if (code === "EACCES" || code === "ENOENT") {
      return undefined;
    }
    remove(fifo);
    throw error;
  }
}

/** A program that had its output open for reading as well would get the next one's output. */
function hasReader(fifo: string): boolean {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENXIO") {
      return false;
    }
    throw error;
  }
}

function remove(fifo: string): void {
  try {
    unlinkSync(fifo);
  } catch {
    // Its directory goes with the engines, and is gone already where a process outlives them.
  }
}
