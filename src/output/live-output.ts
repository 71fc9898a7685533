import { Pull, type PullSource } from "../async/pull.js";
import type { Caller } from "../call/call.js";
import { InvalidInputError } from "../errors/invalid-input-error.js";
import { Chunk, type OutputChunk, type OutputPosition } from "../model/output.js";
import { checkStreamOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import type { Batch } from "../transport/wire.js";
import { Follow } from "./follow.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

/**
 * The output of a process as it is written. Read it once, with `for await`; leaving the loop, an
 * error in it, or disposing cancels the stream at once.
 */
export interface LiveOutput extends AsyncIterable<OutputChunk, void, undefined>, AsyncDisposable {
  /**
   * How much was handed over, up to and including the last chunk: what `resumeFrom` takes.
   * Undefined with `skipReplay`, where the beginning is not known.
   */
  readonly position: OutputPosition | undefined;
}

/** See `ProcessClient.streamOutput`. */
export class FollowedOutput implements LiveOutput {
  readonly #chunks: Chunks;
  readonly #iterator: Pull<OutputChunk>;
  #isRead = false;

  constructor(caller: Caller, name: string, options: StreamOutputOptions) {
    this.#chunks = new Chunks(new Follow(caller, name, options), () => {
      requireProcessName("name", name);
      checkStreamOptions(options);
    });
    this.#iterator = new Pull(this.#chunks);
  }

  get position(): OutputPosition | undefined {
    return this.#chunks.position;
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk, void, undefined> {
    if (this.#isRead) {
      return alreadyRead("output", "streamOutput");
    }
    this.#isRead = true;
    return this.#iterator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iterator.return();
  }
}

/** An iterator for the second reader of what can be read once. */
export function alreadyRead(field: string, method: string): AsyncIterator<never, void, undefined> {
  const refuse = async () => {
    throw new InvalidInputError(field, `can be read only once; call ${method} again`);
  };
  return { next: refuse };
}

/** The frames of the batches of a follow, one by one, with their places. */
class Chunks implements PullSource<OutputChunk> {
  readonly #follow: Follow;
  readonly #check: () => void;
  #batch: Batch | undefined;
  #index = 0;
  // How many bytes of each stream come before the next chunk; undefined where that is not known.
  #stdoutBytes: number | undefined;
  #stderrBytes: number | undefined;

  /** @param check refuses bad input, at the first item: nothing is thrown synchronously. */
  constructor(follow: Follow, check: () => void) {
    this.#follow = follow;
    this.#check = check;
  }

  get position(): OutputPosition | undefined {
    this.#follow.countTo(this.#index);
    return this.#follow.position;
  }

  take(): OutputChunk | undefined {
    if (this.#batch === undefined || this.#index >= this.#batch.count) {
      this.#batch = this.#nextBatch();
    }
    const batch = this.#batch;
    if (batch === undefined || this.#follow.isEnded) {
      return undefined;
    }
    const data = batch.data(this.#index);
    const stderr = batch.stderr(this.#index);
    this.#index += 1;
    if (stderr) {
      const offset = this.#stderrBytes;
      this.#stderrBytes = offset === undefined ? undefined : offset + data.length;
      return new Chunk("OUTPUT_STREAM_STDERR", data, offset);
    }
    const offset = this.#stdoutBytes;
    this.#stdoutBytes = offset === undefined ? undefined : offset + data.length;
    return new Chunk("OUTPUT_STREAM_STDOUT", data, offset);
  }

  more(): Promise<boolean> {
    return this.#follow.isNew ? this.#begin() : this.#follow.more();
  }

  async #begin(): Promise<boolean> {
    this.#check();
    return await this.#follow.more();
  }

  close(why: () => unknown): void {
    this.#follow.close(why);
  }

  #nextBatch(): Batch | undefined {
    const batch = this.#follow.take();
    this.#index = 0;
    if (batch) {
      const position = this.#follow.position;
      this.#stdoutBytes = position?.stdout.bytes;
      this.#stderrBytes = position?.stderr.bytes;
    }
    return batch;
  }
}
