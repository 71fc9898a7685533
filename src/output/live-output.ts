import { Pull, type PullSource } from "../async/pull.js";
import type { Caller } from "../call/run.js";
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

/**
 * What is read by one `for await` loop, once: a second reader would get what the first one lacks.
 *
 * @internal
 */
export class ReadOnce<T> implements AsyncIterable<T, void, undefined>, AsyncDisposable {
  readonly #iterator: Pull<T>;
  readonly #field: string;
  readonly #method: string;
  #isRead = false;

  /**
   * @param field what cannot be read again, for the error.
   * @param method what gives another one.
   */
  constructor(source: PullSource<T>, field: string, method: string) {
    this.#iterator = new Pull(source);
    this.#field = field;
    this.#method = method;
  }

  [Symbol.asyncIterator](): AsyncIterator<T, void, undefined> {
    if (this.#isRead) {
      return { next: () => this.#refuse() };
    }
    this.#isRead = true;
    return this.#iterator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iterator.return();
  }

  async #refuse(): Promise<never> {
    throw new InvalidInputError(this.#field, `can be read only once; call ${this.#method} again`);
  }
}

/**
 * See `ProcessClient.streamOutput`.
 *
 * @internal
 */
export class FollowedOutput extends ReadOnce<OutputChunk> implements LiveOutput {
  readonly #chunks: Chunks;

  constructor(caller: Caller, name: string, options: StreamOutputOptions) {
    const check = () => {
      requireProcessName("name", name);
      checkStreamOptions(options);
    };
    const chunks = new Chunks(new Follow(caller, name, options), check);
    super(chunks, "output", "streamOutput");
    this.#chunks = chunks;
  }

  get position(): OutputPosition | undefined {
    return this.#chunks.position;
  }
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
    return this.#follow.positionAfter(this.#batch ? this.#index : Number.POSITIVE_INFINITY);
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
      const before = this.#follow.positionBefore;
      this.#stdoutBytes = before?.stdout.bytes;
      this.#stderrBytes = before?.stderr.bytes;
    }
    return batch;
  }
}
