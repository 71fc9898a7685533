import { randomUUID } from "node:crypto";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { makeFifos } from "./child-processes.js";

/** Node cannot make a FIFO, and a `mkfifo` for each process would double the cost of a start. */
const BATCH = 32;

/** FIFOs that nobody has opened yet. */
export class FifoPool {
  readonly #directory: () => string;
  readonly #paths: string[] = [];
  #making: Promise<void> | undefined;

  /** @param directory where to make them; asked for when the first is needed. */
  constructor(directory: () => string) {
    this.#directory = directory;
  }

  /** The path of a FIFO, which is the caller's from now on. */
  async take(): Promise<string> {
    for (;;) {
      const path = this.#paths.pop();
      if (path !== undefined) {
        return path;
      }
      this.#making ??= this.#make();
      await this.#making;
    }
  }

  /** Resolves when no `mkfifo` is running any more. The files go with their directory. */
  async close(): Promise<void> {
    await this.#making?.catch(() => {});
  }

  async #make(): Promise<void> {
    try {
      const directory = this.#directory();
      const paths = Array.from({ length: BATCH }, () => join(directory, `${randomUUID()}.fifo`));
      await makeFifos(paths);
      this.#paths.push(...paths);
    } finally {
      this.#making = undefined;
    }
  }
}

/** Both ends of a pipe, as file descriptors of this program. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/**
 * Opens both ends of a FIFO and unlinks it. Unlike the socket pair that Node makes for `"pipe"`, a
 * program can open it by name again: `echo x > /dev/stderr` fails on a socket with ENXIO.
 */
export function openPipe(fifo: string): Pipe {
  let readEnd: number | undefined;
  try {
    // Without O_NONBLOCK each end would wait for the other one.
    readEnd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    return { readEnd, writeEnd: openSync(fifo, constants.O_WRONLY) };
  } catch (error) {
    if (readEnd !== undefined) {
      closeSync(readEnd);
    }
    throw error;
  } finally {
    unlinkSync(fifo);
  }
}

/** Opens a pipe for each FIFO, or none of them. */
export function openPipes(fifos: readonly string[]): Pipe[] {
  const pipes: Pipe[] = [];
  try {
    for (const fifo of fifos) {
      pipes.push(openPipe(fifo));
    }
    return pipes;
  } catch (error) {
    for (const { readEnd, writeEnd } of pipes) {
      closeSync(readEnd);
      closeSync(writeEnd);
    }
    throw error;
  }
}
