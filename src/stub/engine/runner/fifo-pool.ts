import { randomUUID } from "node:crypto";
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
      if (path !== undefined) return path;
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
